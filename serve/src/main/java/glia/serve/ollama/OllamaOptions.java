package glia.serve.ollama;

import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.sampling.SamplingOptions;
import glia.serve.chat.ModelFields;
import glia.serve.http.Exchange;
import glia.serve.request.Fields;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// The `options` of a request (https://github.com/ollama/ollama/blob/main/docs/modelfile.mdx#parameter).
final class OllamaOptions {
    static final int MOST_WINDOW = 1 << 20;

    private OllamaOptions() { }

    /// @param model whose options hold where the request has none
    /// @param exchange gets a header where the model's context is less than `num_ctx`
    static GenerationOptions read(Fields body, LanguageModel model, Exchange exchange) {
        GenerationOptions otherwise = model.options();
        int contextLength = model.contextLength();
        Optional<Fields> given = body.object("options");
        if (given.isEmpty()) {
            return otherwise.withMaxTokens(0);
        }
        Fields options = given.get();
        // A smaller context changes no answer that fits.
        int context = options.integer("num_ctx").orElse(contextLength);
        if (context > contextLength) {
            exchange.warn("options.num_ctx: found " + context + ", the model's context of "
                    + contextLength + " tokens holds");
        }
        int most = options.integer("num_predict").orElse(-1);
        List<String> stops = options.texts("stop");
        if (stops.contains("")) {
            throw Fields.wrong(options.name("stop"), "", "stop strings of at least one character");
        }
        GenerationOptions read = ModelFields.read(options, otherwise.withSampling(sampling(options,
                otherwise.sampling(), contextLength)).withMaxTokens(Math.max(0, most)).withStops(stops));
        options.end();
        return read;
    }

    private static SamplingOptions sampling(Fields options, SamplingOptions otherwise, int contextLength) {
        SamplingOptions s = otherwise;
        s = s.withTemperature(options.number("temperature").orElse((double) s.temperature()).floatValue());
        s = s.withTopK(Math.max(0, options.integer("top_k").orElse(s.topK())));
        Optional<Double> topP = options.number("top_p");
        if (topP.isPresent()) {
            // 0 keeps the most probable token alone.
            s = s.withTopP(Math.max(Float.MIN_NORMAL, topP.get().floatValue()));
        }
        s = s.withMinP(options.number("min_p").orElse((double) s.minP()).floatValue());
        s = s.withRepetitionPenalty(options.number("repeat_penalty")
                .orElse((double) s.repetitionPenalty()).floatValue());
        s = s.withPresencePenalty(options.number("presence_penalty").orElse((double) s.presencePenalty())
                .floatValue());
        s = s.withFrequencyPenalty(options.number("frequency_penalty").orElse((double) s.frequencyPenalty())
                .floatValue());
        OptionalInt window = options.integer("repeat_last_n");
        if (window.isPresent()) {
            s = s.withPenaltyWindow(window.getAsInt() < 0 ? Math.min(MOST_WINDOW, contextLength)
                    : window.getAsInt());
        }
        OptionalLong seed = options.whole("seed");
        return seed.isPresent() ? s.withSeed(seed) : s;
    }
}
