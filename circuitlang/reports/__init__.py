"""What a person sees: tables, diagrams and messages about programs and verdicts."""
