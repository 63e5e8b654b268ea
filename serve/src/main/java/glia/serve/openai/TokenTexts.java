package glia.serve.openai;

import static glia.serve.http.Json.object;

import glia.engine.sampling.TokenLogProbability;
import glia.serve.chat.GeneratedToken;
import glia.text.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Tokens with their text and log-probabilities.
final class TokenTexts {
    /// The least finite number that OpenAI's API gives for a token that cannot be.
    private static final double LEAST = -9999;

    private final Tokenizer tokenizer;

    TokenTexts(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /// The text of a token, special ones included.
    String text(int id) {
        return tokenizer.decode(new int[] {id}, false);
    }

    Map<String, Object> logProbability(GeneratedToken token) {
        List<Object> alternatives = new ArrayList<>();
        for (TokenLogProbability other : token.alternatives()) {
            alternatives.add(entry(other.token(), other.logProbability()));
        }
        Map<String, Object> entry = entry(token.id(), token.logProbability());
        entry.put("top_logprobs", alternatives);
        return entry;
    }

    private Map<String, Object> entry(int id, float logProbability) {
        String text = text(id);
        List<Object> bytes = new ArrayList<>();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            bytes.add(b & 0xff);
        }
        return object("token", text, "logprob", Math.max(LEAST, logProbability), "bytes", bytes);
    }
}
