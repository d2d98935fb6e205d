"""What a web server runs: `gunicorn wsgi:app`; and what the command line opens: `flask --app wsgi …`."""

from app.factory import create_app

app = create_app()
