package glia.serve.openai;

import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.answer.TokenRules;
import glia.engine.sampling.SamplingOptions;
import glia.serve.chat.ModelFields;
import glia.serve.request.Fields;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;

/// Sampling options of requests in OpenAI's names, with those that vLLM and llama-server add: `top_k`, `min_p`,
/// `repetition_penalty`.
final class Sampling {
    private static final int MOST_WINDOW = 1 << 20;

    private Sampling() { }

    /// @param model whose options hold where the request has none
    static GenerationOptions read(Fields body, LanguageModel model) {
        GenerationOptions otherwise = model.options();
        SamplingOptions s = otherwise.sampling();
        Optional<Double> temperature = body.number("temperature");
        if (temperature.isPresent()) {
            s = s.withTemperature(temperature.get().floatValue());
        }
        Optional<Double> topP = body.number("top_p");
        if (topP.isPresent()) {
            // 0 keeps the most probable token alone.
            s = s.withTopP(Math.max(Float.MIN_NORMAL, topP.get().floatValue()));
        }
        s = s.withTopK(body.integer("top_k").orElse(s.topK()) < 0 ? 0
                : body.integer("top_k").orElse(s.topK()));
        Optional<Double> minP = body.number("min_p");
        if (minP.isPresent()) {
            s = s.withMinP(minP.get().floatValue());
        }
        s = s.withPresencePenalty(body.number("presence_penalty").orElse((double) s.presencePenalty())
                .floatValue());
        s = s.withFrequencyPenalty(body.number("frequency_penalty").orElse((double) s.frequencyPenalty())
                .floatValue());
        s = s.withRepetitionPenalty(body.number("repetition_penalty").or(() -> body.number("repeat_penalty"))
                .orElse((double) s.repetitionPenalty()).floatValue());
        OptionalInt window = body.integer("repeat_last_n");
        if (window.isPresent()) {
            s = s.withPenaltyWindow(window.getAsInt() < 0 ? Math.min(MOST_WINDOW, model.contextLength())
                    : window.getAsInt());
        }
        OptionalLong seed = body.whole("seed");
        if (seed.isPresent()) {
            s = s.withSeed(seed);
        }
        Map<Integer, Float> bias = bias(body, model.tokenizer().vocabSize());
        if (!bias.isEmpty()) {
            s = s.withLogitBias(bias);
        }
        List<String> stops = body.texts("stop");
        if (stops.contains("")) {
            throw Fields.wrong(body.name("stop"), "", "stop strings of at least one character");
        }
        return ModelFields.read(body, otherwise.withSampling(s).withStops(stops));
    }

    /// Which tokens end an answer: `ignore_eos`, `min_tokens`, `stop_token_ids`, `skip_special_tokens`.
    static TokenRules tokenRules(Fields body, LanguageModel model) {
        List<?> ids = body.list("stop_token_ids");
        Set<Integer> stops = ids.isEmpty() ? Set.of() : Arrays.stream(CompletionPrompts.tokens(
                body.name("stop_token_ids"), ids, model.tokenizer().vocabSize())).boxed().collect(Collectors.toSet());
        return new TokenRules(!body.flag("ignore_eos"), stops, body.integer("min_tokens").orElse(0),
                !body.flag("skip_special_tokens"));
    }

    /// `n_predict`; empty without it.
    static OptionalInt mostTokens(Fields body) {
        OptionalInt most = body.integer("n_predict");
        return most.isPresent() ? OptionalInt.of(most.getAsInt() < 0 ? 0 : Math.max(1, most.getAsInt())) : most;
    }

    private static Map<Integer, Float> bias(Fields body, int vocabSize) {
        if (body.value("logit_bias") instanceof List<?> pairs) {
            return biasOfPairs(body.name("logit_bias"), pairs, vocabSize);
        }
        Optional<Fields> given = body.object("logit_bias");
        if (given.isEmpty()) {
            return Map.of();
        }
        Map<Integer, Float> bias = new LinkedHashMap<>();
        for (Map.Entry<String, Object> entry : given.get().all().entrySet()) {
            int token = token(entry.getKey());
            if (token < 0 || token >= vocabSize) {
                throw Fields.wrong(body.name("logit_bias"), entry.getKey(), "token ids from 0 to " + (vocabSize - 1)
                        + " as keys");
            }
            // OpenAI bans a token with -100.
            double value = given.get().number(entry.getKey(), -100, 100).orElse(0.0);
            bias.put(token, value <= -100 ? Float.NEGATIVE_INFINITY : (float) value);
        }
        return bias;
    }

    /// In the form of llama-server: `[[5, -1.5], [7, false]]`.
    private static Map<Integer, Float> biasOfPairs(String name, List<?> pairs, int vocabSize) {
        Map<Integer, Float> bias = new LinkedHashMap<>();
        for (Object one : pairs) {
            if (!(one instanceof List<?> pair && pair.size() == 2 && pair.getFirst() instanceof Integer id && id >= 0
                    && id < vocabSize && (pair.getLast() instanceof Number || Boolean.FALSE.equals(pair.getLast())))) {
                throw Fields.wrong(name, one, "a token id from 0 to " + (vocabSize - 1) + " with a number, or false");
            }
            bias.put(id, pair.getLast() instanceof Number value ? value.floatValue() : Float.NEGATIVE_INFINITY);
        }
        return bias;
    }

    /// @return -1 if it is no number
    private static int token(String key) {
        try {
            return Integer.parseInt(key);
        } catch (NumberFormatException e) {
            return -1;
        }
    }
}
