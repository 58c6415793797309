PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
DEMO := runs/demo

DEMO_GAN := runs/demo-gan

.PHONY: setup demo demo-gan test check format lock clean

# Everything, pinned and checked by hash; again only when the pins change.
setup: $(VENV)/installed

$(VENV)/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { \
		echo "Python 3.11 or newer is needed; name it by: make setup PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup
	@rm -rf $(DEMO)
	$(BIN)/graftwork trees search --out $(DEMO) --config demo.toml
	$(BIN)/graftwork trees train $(DEMO)
	@$(BIN)/graftwork trees show $(DEMO)

demo-gan: setup
	$(BIN)/graftwork gans search --out $(DEMO_GAN) \
		$$(test -f $(DEMO_GAN)/config.json && echo --resume || echo --config demo-gan.toml)
	@$(BIN)/graftwork gans sample $(DEMO_GAN)
	@$(BIN)/graftwork gans sample $(DEMO_GAN) --count 8 --interpolate

test: setup
	$(BIN)/python -m pytest -n auto --dist loadfile

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n auto --dist loadfile

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Needs uv on the path.
lock:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-annotate --quiet --output-file requirements.lock

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache
