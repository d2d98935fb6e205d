#!/usr/bin/env bash
# Makes the two roles and the database that DATABASE_URL and MIGRATION_DATABASE_URL name: the owner, who migrates, and
# the runtime role, which may do what the migrations grant and nothing more. The image of PostgreSQL runs this once, when
# its volume is empty; to run it again does no harm, and brings the passwords up to date, that of the superuser too where
# POSTGRES_PASSWORD is set.
set -euo pipefail

case ${POSTGRES_PASSWORD-}${MIGRATION_DATABASE_URL-}${DATABASE_URL-} in *change-me*)
	echo "POSTGRES_PASSWORD, MIGRATION_DATABASE_URL or DATABASE_URL holds a documented example. Write your own, then" \
		"docker compose up --detach postgres && docker compose exec postgres /docker-entrypoint-initdb.d/roles.sh" >&2
	exit 1 ;;
esac

read_url() { # of postgresql://ROLE:PASSWORD@host:port/DATABASE?options
	local rest=${1#*://}
	local credentials=${rest%%@*} path=${rest#*/}
	ROLE=${credentials%%:*} PASSWORD=${credentials#*:} DATABASE=${path%%\?*}
	case $ROLE$PASSWORD$DATABASE in *[!A-Za-z0-9_.~-]*)
		echo "Only letters, digits and _.~- may stand in the roles, passwords and database of the two URLs." >&2
		exit 1 ;;
	esac
}

read_url "${MIGRATION_DATABASE_URL:?names the owner}"
export OWNER=$ROLE OWNER_PASSWORD=$PASSWORD NAME=$DATABASE
read_url "${DATABASE_URL:?names the runtime role}"
export RUNTIME=$ROLE RUNTIME_PASSWORD=$PASSWORD
if [ "$OWNER" = "$RUNTIME" ] || [ "$NAME" != "$DATABASE" ]; then
	echo "DATABASE_URL and MIGRATION_DATABASE_URL must name two roles and one database." >&2
	exit 1
fi

# The passwords come from the environment: on a command line everybody on the machine could read them.
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\getenv owner OWNER
\getenv owner_password OWNER_PASSWORD
\getenv runtime RUNTIME
\getenv runtime_password RUNTIME_PASSWORD
\getenv name NAME
\getenv superuser_password POSTGRES_PASSWORD

SELECT format('CREATE ROLE %I', role) FROM unnest(ARRAY[:'owner', :'runtime']) AS role
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role)
\gexec
ALTER ROLE :"owner" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'owner_password';
ALTER ROLE :"runtime" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'runtime_password';

SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'owner')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name')
\gexec
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"name" TO :"runtime";

\connect :"name"
ALTER SCHEMA public OWNER TO :"owner";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO :"runtime";
SET ROLE :"owner";
CREATE EXTENSION IF NOT EXISTS btree_gist;

RESET ROLE; -- last, for it ends what the old password could do
\if :{?superuser_password}
ALTER ROLE CURRENT_USER PASSWORD :'superuser_password';
\endif
SQL
