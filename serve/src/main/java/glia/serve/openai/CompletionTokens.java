package glia.serve.openai;

import static glia.serve.http.Json.object;

import glia.engine.answer.GeneratedToken;
import glia.engine.sampling.TokenLogProbability;
import glia.serve.chat.TokenTexts;
import glia.text.tokenizer.StreamingDecoder;
import glia.text.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The tokens of one choice of a completion with their log-probabilities and places in the text: those that have not
/// been written yet.
final class CompletionTokens {
    private final TokenTexts texts;
    private final StreamingDecoder decoder;
    private int offset;
    private List<Object> names = new ArrayList<>();
    private List<Object> logProbabilities = new ArrayList<>();
    private List<Object> alternatives = new ArrayList<>();
    private List<Object> offsets = new ArrayList<>();
    private List<Object> ids = new ArrayList<>();

    CompletionTokens(Tokenizer tokenizer) {
        this.texts = new TokenTexts(tokenizer);
        this.decoder = tokenizer.streamingDecoder(true);
    }

    /// Passes by the prompt, which is not echoed.
    void follow(int lastOfPrompt) {
        decoder.accept(lastOfPrompt);
    }

    /// Adds a token of the prompt.
    ///
    /// @param logProbability NaN for the first token
    void prompt(int id, float logProbability, List<TokenLogProbability> others) {
        add(id, Float.isNaN(logProbability) ? null : TokenTexts.finite(logProbability),
                Float.isNaN(logProbability) ? null : others);
    }

    /// Adds a generated token.
    void generated(GeneratedToken token) {
        ids.add(token.id());
        add(token.id(), TokenTexts.finite(token.logProbability()), token.alternatives());
    }

    private void add(int id, Double logProbability, List<TokenLogProbability> others) {
        names.add(texts.name(id));
        logProbabilities.add(logProbability);
        offsets.add(offset);
        offset += decoder.accept(id).length();
        if (others == null) {
            alternatives.add(null);
            return;
        }
        Map<String, Object> map = new LinkedHashMap<>();
        for (TokenLogProbability other : others) {
            map.putIfAbsent(texts.name(other.token()), TokenTexts.finite(other.logProbability()));
        }
        // As OpenAI's API: the token itself is there, too.
        map.putIfAbsent(texts.name(id), logProbability);
        alternatives.add(map);
    }

    /// The log-probabilities since the last call, as the API has them.
    Map<String, Object> takeLogProbabilities() {
        Map<String, Object> taken = object("tokens", names, "token_logprobs", logProbabilities, "top_logprobs",
                alternatives, "text_offset", offsets);
        names = new ArrayList<>();
        logProbabilities = new ArrayList<>();
        alternatives = new ArrayList<>();
        offsets = new ArrayList<>();
        return taken;
    }

    /// The ids of the generated tokens since the last call.
    List<Object> takeIds() {
        List<Object> taken = ids;
        ids = new ArrayList<>();
        return taken;
    }
}
