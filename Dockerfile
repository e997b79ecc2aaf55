# The page in a container: docker build -t nested-hashing . && docker run -p 7860:7860 nested-hashing
FROM python:3.12.12-slim-bookworm

RUN useradd --create-home --uid 1000 page
WORKDIR /srv/page

# torch without CUDA, 4 GB less; everything else as the one line of README has it.
COPY requirements.txt .
RUN pip install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu torch torchvision \
 && pip install --no-cache-dir -r requirements.txt

COPY LICENSE README.md space_app.py ./
COPY app app
COPY nhl nhl
COPY checkpoints/emoji checkpoints/emoji
COPY checkpoints/cifar10-50000 checkpoints/cifar10-50000

USER page
# Converts the model once, so that no start has to; the code itself stays read-only.
ENV NHL_CACHE=/home/page/nhl PYTHONUNBUFFERED=1
RUN python -c "import nhl; nhl.Encoder(nhl.shipped())"

EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/health', timeout=4)"]
CMD ["python", "space_app.py"]
