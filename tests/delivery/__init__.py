"""Work that is neither lost nor doubled, whatever dies."""
