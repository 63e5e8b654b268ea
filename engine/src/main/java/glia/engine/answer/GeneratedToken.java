package glia.engine.answer;

import glia.engine.sampling.TokenLogProbability;
import java.util.List;

/// A generated token.
///
/// @param id its number in the vocabulary
/// @param logProbability under the model's own distribution
/// @param alternatives the most probable tokens, best first
public record GeneratedToken(int id, float logProbability, List<TokenLogProbability> alternatives) { }
