package glia.reason.program;

import java.util.Optional;

/// What a program did.
///
/// @param output what it printed, up to its error
/// @param error why it did not run to its end, with the line; empty if it did
public record Execution(String output, Optional<String> error) { }
