# make figures   draw every figure (GENRE=, MOOD=, PROFILE=, PROTOCOL=, SEED=, ONLY=, SONG_1=, SONG_2=, FRESH=1)
# make book      a site to read without a kernel, in build/book; takes what make figures takes
# make check     lint, types, layers and the fast tests: 3 minutes, before each commit
# make test      also every notebook in profile smoke, and the widgets in a browser: 15 minutes, before a pull request
# make test-all  also broken files, killed runs, a class of thirty, every notebook in the browser (FILES=, WORKERS=2)
# make bench     measure against references in the same run; a table, and build/bench.json (ONLY=, names of benchmarks)
# make lab       open JupyterLab on the notebooks
# make assignment   the archive for students, in build/
# make grade     grade a class (SUBMISSIONS=, the folder of what was handed in)
# PYTHON=...     the interpreter (3.11 to 3.13) that .venv is made with

PYTHON ?= python3
# A recursive assignment: python3 may be older than 3.11 while python3.11 is there as well.
FOUND = $(firstword $(foreach p,$(PYTHON) python3.13 python3.12 python3.11,$(if $(shell $(p) -c \
	'import sys; print((3, 11) <= sys.version_info < (3, 14) or "")' 2>/dev/null | grep True),$(p))))
# What the command line sets, quoted for the shell: a folder may be called "Best of (2020)" or "Don't stop".
GIVEN = $(foreach v,$(filter-out PYTHON,$(.VARIABLES)),$(if $(filter command,$(firstword $(origin $v))),\
	'$v=$(subst ','\'',$($v))'))
RUN := .venv/bin/python -m
READY := .venv/.ready
GRADING := .venv/.grading

WORKERS := 2
# What is shared by workers, and in which order they take the files, stands in tests/conftest.py.
TESTS = $(RUN) pytest -n $(WORKERS) --no-loadscope-reorder

.PHONY: figures book check test test-all bench lab assignment grade lint requirements clean

figures: $(READY)
	$(RUN) mercore figures $(GIVEN)

book: $(READY)
	$(RUN) mercore book $(GIVEN)

lab: $(READY)
	$(RUN) mercore lab

assignment: $(GRADING)
	$(RUN) mercore assignment

grade: $(GRADING)
	$(RUN) mercore grade '$(subst ','\'',$(SUBMISSIONS))'

check: lint
	$(TESTS) -m "not slow and not browser and not exhaustive"

test: lint $(GRADING)
	$(TESTS) -m "not exhaustive"

test-all: $(if $(FILES),,lint) $(GRADING)
	$(TESTS) $(FILES)

bench: $(READY)
	.venv/bin/python tests/benchmarks/bench.py $(ONLY)

lint: $(READY)
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) codespell_lib
	$(RUN) mypy
	.venv/bin/lint-imports --no-cache --no-logo

$(READY): requirements.txt pyproject.toml
	@test -n "$(FOUND)" || { echo "Python 3.11, 3.12 or 3.13 is needed: make PYTHON=/path/to/python3.11 ..."; exit 2; }
	@echo "Installing into .venv what requirements.txt pins: about 3 minutes. Close JupyterLab meanwhile."
	.venv/bin/python -c "" 2>/dev/null || $(FOUND) -m venv --clear .venv
	$(RUN) pip install --quiet -r requirements.txt
	$(RUN) pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(GRADING): requirements-grading.txt $(READY)
	$(RUN) pip install --quiet -r requirements-grading.txt
	touch $@

# Brings the locks in line with pyproject.toml, or to the newest versions (UPGRADE=--upgrade); needs uv.
LOCK := uv pip compile --universal --python-version 3.11 --no-header --no-emit-index-url --no-emit-find-links
requirements:
	$(LOCK) $(UPGRADE) --extra dev --extra cluster pyproject.toml --output-file requirements.txt
	$(LOCK) $(UPGRADE) --group grading --constraint requirements.txt --output-file requirements-grading.txt

clean:
	rm -rf build .venv
