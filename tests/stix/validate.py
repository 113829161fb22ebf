#!/usr/bin/env python3
"""Validates STIX 2.1 files with OASIS's stix2-validator, all in one process.

Reads file names from standard input, one a line; writes one JSON line per file, in order:
{"file": "...", "valid": true, "errors": []}. Errors only: what the validator calls a warning is a matter of taste.
"""
import json
import sys

try:
    from stix2validator import ValidationOptions, validate_string
except ImportError:
    sys.exit(3)

OPTIONS = ValidationOptions(version="2.1", disabled="all", silent=True)


def main():
    for line in sys.stdin:
        name = line.rstrip("\n")
        with open(name, encoding="utf-8") as file:
            text = file.read()
        try:
            results = validate_string(text, OPTIONS)
        except Exception as error:  # The validator raises on what it cannot even read.
            print(json.dumps({"file": name, "valid": False, "errors": [str(error)]}), flush=True)
            continue
        results = results if isinstance(results, list) else [results]
        errors = [str(error) for result in results for error in result.errors or []]
        parts = [error for result in results for part in getattr(result, "object_results", []) or [] for error in part.errors or []]
        errors += [str(error) for error in parts]
        valid = all(result.is_valid for result in results)
        print(json.dumps({"file": name, "valid": valid, "errors": errors[:5]}), flush=True)


if __name__ == "__main__":
    main()
