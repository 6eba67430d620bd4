"""Who may publish, and the publishing: from standing by to office and back."""
