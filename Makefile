# What people run; each recipe only names what does the work.
.DEFAULT_GOAL := help
.PHONY: help demo test test-powershell test-windows formatting lint bench schemas model fuzz static windows dist test-packages

help: ## list what can be made
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/'

demo: ## mint a small estate in target/demo, check it, run the Ansible play over it, write its report
	cargo build --locked --no-default-features -p same-ca -p mint && target/debug/mint estate target/demo
	cd target/demo && ../debug/same-ca check --format text < check.json
	ansible/demo/run

test: ## run every test there is on this machine, and say what could not be run
	tests/run

test-powershell: ## the PowerShell tests alone: Pester and PSScriptAnalyzer where pwsh is, a grammar's checks everywhere
	cargo build --locked --bin same-ca
	tests/powershell/run

formatting: ## whether all Rust is formatted, the fuzz targets too
	cargo fmt --all --check && cargo fmt --manifest-path tests/fuzz/Cargo.toml --check

lint: formatting ## formatting, clippy, and what dependencies may be built in
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo deny --locked check --hide-inclusion-graph bans licenses sources

bench: ## the measurements
	cargo bench --locked

schemas: ## write schemas/ and the DSC manifest anew from the types
	cargo build --locked --bin same-ca
	for name in $$(target/debug/same-ca schema); do target/debug/same-ca schema $$name > schemas/$$name.schema.json; done
	target/debug/same-ca dsc manifest > dsc/same_ca.dsc.resource.json
	cp dsc/same_ca.dsc.resource.json dsc/SameCADsc/

model: ## the law as a program: all small worlds, a million minted ones held against the engine, and a hundred floods (MODEL_SEED, MODEL_WORLDS, MODEL_FLOODS)
	MODEL_STRIDE=1 MODEL_WORLDS=$${MODEL_WORLDS:-1000000} MODEL_FLOODS=$${MODEL_FLOODS:-100} CARGO_PROFILE_DEV_OPT_LEVEL=2 cargo test --locked model:: -- --nocapture

fuzz: ## a minute of broken inputs for each place where strange bytes come in (stable Rust, blind to coverage; tests/fuzz/Cargo.toml has libFuzzer's)
	cargo run --locked --release --example fuzz -- 60

windows: ## the executable for Windows 7, Server 2008 R2 and later: target/x86_64-win7-windows-gnu/release/same-ca.exe
	windows/build && windows/imports

test-windows: ## the Rust tests as Windows programs, under wine
	windows/test

static: ## the executable for every x86-64 Linux: target/static/x86_64-unknown-linux-gnu/release/same-ca
	packaging/static

dist: ## build all that is released, and pack it into dist/
	packaging/dist

test-packages: ## build what is released for Linux, and try it in an empty root and in a clean Debian
	tests/packages/run
