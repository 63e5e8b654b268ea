package glia.serve.chat;

import static glia.serve.http.Json.object;

import glia.engine.answer.GeneratedToken;
import glia.engine.sampling.TokenLogProbability;
import glia.text.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/// Tokens with their text and log-probabilities.
public final class TokenTexts {
    /// The least finite number that OpenAI's API gives for a token that cannot be.
    private static final double LEAST = -9999;

    private final Tokenizer tokenizer;

    public TokenTexts(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /// The text of a token within a text, special ones included; U+FFFD stands for parts of characters.
    public String text(int id) {
        return new String(tokenizer.bytes(id), StandardCharsets.UTF_8);
    }

    /// The text of a token, or `bytes:\xe2\x80` of one that is no whole characters, so that names differ.
    public String name(int id) {
        String text = text(id);
        if (text.indexOf('\uFFFD') < 0) {
            return text;
        }
        StringBuilder name = new StringBuilder("bytes:");
        for (byte b : tokenizer.bytes(id)) {
            name.append("\\x").append(HexFormat.of().toHexDigits(b));
        }
        return name.toString();
    }

    /// A log-probability as JSON has it: without infinities.
    public static double finite(float logProbability) {
        return Math.max(LEAST, logProbability);
    }

    /// A token as OpenAI's API writes it: `token`, `logprob`, `bytes`, and these of the most probable ones in
    /// `top_logprobs`.
    public Map<String, Object> logProbability(GeneratedToken token) {
        List<Object> alternatives = new ArrayList<>();
        for (TokenLogProbability other : token.alternatives()) {
            alternatives.add(entry(other.token(), other.logProbability()));
        }
        Map<String, Object> entry = entry(token.id(), token.logProbability());
        entry.put("top_logprobs", alternatives);
        return entry;
    }

    private Map<String, Object> entry(int id, float logProbability) {
        List<Object> bytes = new ArrayList<>();
        for (byte b : tokenizer.bytes(id)) {
            bytes.add(b & 0xff);
        }
        return object("token", text(id), "logprob", finite(logProbability), "bytes", bytes);
    }
}
