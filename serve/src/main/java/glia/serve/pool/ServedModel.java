package glia.serve.pool;

import glia.engine.LanguageModel;
import java.time.Instant;

/// A model that is loaded and serves requests.
///
/// @param name its name in requests
/// @param model weights, tokenizer and scheduler; with an adapter, a view of its base
/// @param since when it was loaded
public record ServedModel(String name, LanguageModel model, Instant since) { }
