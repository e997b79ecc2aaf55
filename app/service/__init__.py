"""What is known of galleries and queries; nothing here needs Gradio."""
