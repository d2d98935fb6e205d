# One image for every process; docker-compose.yml says which command each runs. What compiles and installs stays behind
# in the first stage: the second has Python, the libraries, and the program, which runs as nobody in particular.
FROM python:3.11-slim AS build
WORKDIR /srv
COPY requirements.txt .
RUN python -m venv --without-pip venv \
 && python -m pip --python venv/bin/python install --no-cache-dir --requirement requirements.txt
COPY app amana/app
COPY tasks amana/tasks
COPY migrations amana/migrations
COPY celeryconfig.py gunicorn.conf.py wsgi.py amana/
RUN python -m compileall -q amana

FROM python:3.11-slim
RUN python -m pip uninstall --yes --quiet --root-user-action ignore pip setuptools wheel \
 && rm -rf /usr/local/lib/python3.11/ensurepip \
 && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin amana
ENV PATH=/srv/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
COPY --from=build /srv/venv /srv/venv
COPY --from=build /srv/amana /srv/amana
WORKDIR /srv/amana
USER 10001
EXPOSE 8000
CMD ["gunicorn", "--config", "gunicorn.conf.py", "wsgi:app"]
