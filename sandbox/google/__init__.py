"""Google as its public documentation has it: OAuth 2.0 with a consent page, OpenID Connect, and Calendar v3 with Meet.

Everything lies below `<sandbox>/google`; the paths are those of Google's own hosts:

| what | here, below `/google` | Google's host |
|---|---|---|
| consent page | `GET /o/oauth2/v2/auth` | accounts.google.com |
| the person's click | `POST /o/oauth2/v2/auth/allow` or `/deny`, query kept, `email=` chosen: 303 to redirect_uri | |
| token | `POST /token` | oauth2.googleapis.com |
| revoke | `POST /revoke` | oauth2.googleapis.com |
| userinfo | `GET /v1/userinfo`: sub, email, email_verified | openidconnect.googleapis.com |
| keys of id_tokens | `GET /oauth2/v1/certs` (PEM by kid), `GET /oauth2/v3/certs` (JWKS) | www.googleapis.com |
| Calendar v3 | `client_options={"api_endpoint": "<sandbox>/google/calendar/v3/"}` | www.googleapis.com |
| what calendars hold | `GET /events?email=`: `{items}`, with `showDeleted=true` the deleted ones too | |

Settings of the sandbox (environment): `GOOGLE_CLIENT_ID` and `GOOGLE_CLIENT_SECRET`, without which any client with an
id and a secret is known; `GOOGLE_TOKEN_SECONDS`, the life of an access token (3600). Clients may send id and secret in
the body or by HTTP Basic. Any address is an account: it exists as soon as it is chosen on the consent page.

Tokens live by wall time, as those who verify them do; events are stamped by business time.
"""
