# What a developer does, by name. `uv run just` lists it; `uv run just NAME` does it.

templates := `git ls-files -co --exclude-standard '*.html' | tr '\n' ' '`

[private]
default:
    @just --list --unsorted

# Install everything, and create or update the tables
setup:
    uv sync
    uv run manage.py migrate

# Fill the shop with demonstration data and serve it: pages, API, admin and bus in one process
demo *options:
    uv run manage.py demo {{ options }}

# Serve for development, reloading what is edited
run:
    uv run manage.py runserver 8080

# Work on the bus in a process of its own (serve with EVENTBUS_MODE=worker then)
worker:
    uv run manage.py eventbus run

# All tests: each app alone and the bus and the shop on SQLite, all together on PostgreSQL and Redis
test *options:
    uv run pytest {{ options }}

# Some tests on PostgreSQL and Redis: just test-postgresql apps/orders -k retry
test-postgresql *options:
    uv run python -m shop.tests.servers uv run pytest -m "not alone and not postgres" {{ options }}

# Code: faults, format, types, imports
lint:
    uv run ruff check .
    uv run ruff format --check .
    uv run mypy .
    uv run lint-imports

# Everything that CI runs besides the tests
check: lint
    uv run djlint --lint {{ templates }}
    uv run djade --check {{ templates }}
    uv run manage.py makemigrations --check --dry-run
    uv run manage.py eventbus contracts --check
    uv run manage.py spectacular --validate --fail-on-warn --file /dev/null
    uv run check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
    uv run hadolint Dockerfile
    just check-production

# Django's own checks, as a production deployment would be set up; with no warning
[private]
check-production $SHOP_ENV="production" $SECRET_KEY=(uuid() + uuid()) $QUOTE_KEYS=(uuid() + uuid()) $JWT_KEY=(uuid() + uuid()) $WEBHOOK_KEYS=(uuid() + uuid()) $ALLOWED_HOSTS="shop.example.com" $DATABASE_URL="postgres://shop@db.invalid/shop" $EMAIL_URL="smtp+tls://mail.invalid:587":
    uv run manage.py check --deploy --fail-level WARNING

# Mend what can be mended by itself
fix:
    uv run ruff check --fix .
    uv run ruff format .
    -uv run djade {{ templates }}

# What the bus reaches on PostgreSQL, with the goals beside: just bench --quick --only publish
bench *options:
    uv run python -m bench.bus {{ options }}

# The same work done by procrastinate, django-tasks-db, graphile-worker and pg-boss
bench-peers *options:
    uv run --with procrastinate[django] --with django-tasks-db python -m bench.peers {{ options }}

# Orders by the saga against the same in one request: just bench-saga --quick; --profile says where the time goes
bench-saga *options:
    uv run python -m bench.saga {{ options }}

# Many clients for the last unit, and a flash sale: just contention --quick
contention *options:
    uv run python -m bench.contention {{ options }}

# Web processes replaced under load, without a request lost: just restarts --restarts 4
restarts *options:
    uv run python -m bench.restarts {{ options }}

# Break everything around a running shop and see that nothing is lost: just chaos --seed 7 --seconds 600 --only F4,F5
chaos *options:
    uv run python -m bench.chaos {{ options }}

# Kill the shop at every statement of every path of an order: just sweep --engine postgresql --path paid
sweep *options:
    uv run python -m bench.sweep {{ options }}

# Write docs/guarantees.md anew, with what has been measured
guarantees:
    uv run python -m bench.guarantees

# What each page costs: statements, kilobytes, layout shift; fails when one is over its budget
budgets:
    uv run python -m shop.tests.budgets

# The catalogue's pages in processor time, on the shop that `just demo` has filled
bench-pages:
    uv run python -m bench.pages

# Every page, 390 and 1280 px wide, light and dark, into screenshots/ or another folder
screenshots folder="screenshots":
    uv run python -m shop.tests.screenshots {{ folder }}

# Write the contract files anew from the events in the code
contracts:
    uv run manage.py eventbus contracts --write

# The tests in three more random orders, hypothesis trying twenty times as hard, and what CI has no time for: all bad input at each address (CI sends a fourth) and on PostgreSQL, the apps' tests beside each other on SQLite too, a restore between clusters, the bus's whole bar; then every order of an order's steps, as far as 20 minutes a scenario go
nightly:
    for seed in 1 2 3; do uv run pytest --randomly-seed=$seed --hypothesis-profile=nightly || exit; done
    uv run manage.py explore --seconds 1200
