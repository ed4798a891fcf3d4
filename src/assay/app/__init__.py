"""Floor 2, the app: leaderboard, figures and artefacts as pages. No analysis here, and nothing per benchmark."""
