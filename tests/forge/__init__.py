"""What a forge does with the examples of workflows: jobs run their commands as written, each in a clone of its own."""
