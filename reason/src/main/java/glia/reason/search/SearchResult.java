package glia.reason.search;

import java.util.List;
import java.util.Optional;

/// What a search found.
///
/// @param chosen the answer
/// @param finalAnswer its final answer in normal form; empty if it has none
/// @param candidates all answers that were considered, finished or not
/// @param tokens the tokens that were spent
public record SearchResult(Candidate chosen, Optional<String> finalAnswer, List<Candidate> candidates,
        TokenUse tokens) {
    public SearchResult {
        candidates = List.copyOf(candidates);
    }
}
