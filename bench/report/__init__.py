"""What bench/compare does, one part per file: work, programs, measure, tables, charts, machine."""
