# One image for everything the shop runs: pages and API, bus workers, commands.

FROM python:3.13-slim AS build
ENV UV_PROJECT_ENVIRONMENT=/opt/venv \
    UV_PYTHON_DOWNLOADS=never \
    UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy
WORKDIR /shop
RUN pip install --no-cache-dir uv==0.13.9
# Resolved here, as of the date in pyproject.toml, and verified by hash.
COPY pyproject.toml ./
RUN uv sync --no-default-groups --no-cache
COPY . .
# Production's settings ask for these; nothing of them stays in the files collected.
RUN SHOP_ENV=production \
    SECRET_KEY=only-to-collect-the-static-files-of-this-image-0123456789 \
    QUOTE_KEYS=only-to-collect-the-static-files-of-this-image-0123456789 \
    WEBHOOK_KEYS=only-to-collect-the-static-files-of-this-image-0123456789 \
    JWT_KEY=only-to-collect-the-static-files-of-this-image-0123456789 \
    ALLOWED_HOSTS=localhost \
    DATABASE_URL=postgres://localhost/none \
    EMAIL_URL=smtp://localhost:25 \
    /opt/venv/bin/python manage.py collectstatic --no-input

FROM python:3.13-slim
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=shop.settings
RUN useradd --system --uid 10001 --no-create-home shop
COPY --from=build /opt/venv /opt/venv
COPY --from=build /shop /shop
WORKDIR /shop
USER 10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "deploy/healthcheck.py"]
# More containers, not more workers. Threads stand in the environment: GRANIAN_BLOCKING_THREADS.
# To stop takes DRAIN_SECONDS and up to 20 more.
ENV GRANIAN_HOST=0.0.0.0 GRANIAN_PORT=8080 GRANIAN_BLOCKING_THREADS=8 DRAIN_SECONDS=5
CMD ["python", "-m", "shop.serve"]
