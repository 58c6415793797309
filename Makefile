PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
DEMO := runs/demo

DEMO_GAN := runs/demo-gan

.PHONY: setup demo demo-gan gallery test test-slow check format lock clean

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
	$(BIN)/graftwork report $(DEMO) --out $(DEMO)-report

demo-gan: setup
	$(BIN)/graftwork gans search --out $(DEMO_GAN) \
		$$(test -f $(DEMO_GAN)/config.json && echo --resume || echo --config demo-gan.toml)
	@$(BIN)/graftwork gans sample $(DEMO_GAN)
	@$(BIN)/graftwork gans sample $(DEMO_GAN) --count 8 --interpolate

# The reports that docs/gallery.md shows, from small runs: some minutes.
GALLERY := runs/gallery
gallery: setup
	rm -rf $(GALLERY)
	$(BIN)/graftwork trees search --out $(GALLERY)/trees --config docs/gallery/trees.toml
	$(BIN)/graftwork gans search --out $(GALLERY)/gans --config docs/gallery/gans.toml
	$(BIN)/graftwork transfer learn --out $(GALLERY)/learn --config docs/gallery/learn.toml
	$(BIN)/graftwork transfer apply $(GALLERY)/learn --out $(GALLERY)/apply --config docs/gallery/apply.toml
	$(BIN)/graftwork benchmark trees $(GALLERY)/trees --out $(GALLERY)/benchmark \
		--strategies random evolution reinforce --seeds 5 --budget 40
	for kind in trees gans apply benchmark; do \
		$(BIN)/graftwork report $(GALLERY)/$$kind --out docs/gallery/$$kind; done

test: setup
	$(BIN)/python -m pytest -n auto --dist loadfile

# What takes long: several devices and machines, stopped workers, rarer kinds of networks.
test-slow: setup
	$(BIN)/python -m pytest -m slow

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
