package glia.train.data;

import glia.jinja.value.TrustedText;
import glia.text.tokenizer.StreamingDecoder;
import glia.text.tokenizer.Tokenizer;
import java.util.Arrays;

/// Which tokens of a text cover which of its characters.
final class TokenPlaces {
    private final Tokenizer tokenizer;
    private final TrustedText text;
    private final int[] ids;
    /// The length of the text up to and including each token; empty if decoding does not restore the text.
    private final int[] ends;

    /// @param ids the tokens of the text, without others around it
    TokenPlaces(Tokenizer tokenizer, TrustedText text, int[] ids) {
        this.tokenizer = tokenizer;
        this.text = text;
        this.ids = ids;
        int[] lengths = new int[ids.length];
        StringBuilder decoded = new StringBuilder();
        StreamingDecoder decoder = tokenizer.streamingDecoder(false);
        for (int i = 0; i < ids.length; i++) {
            decoded.append(decoder.accept(ids[i]));
            lengths[i] = decoded.length();
        }
        decoded.append(decoder.finish());
        ends = decoded.toString().equals(text.toString()) ? lengths : new int[0];
    }

    /// The first token that covers the character at a place or one behind it.
    int first(int place) {
        if (ends.length == 0) {
            return common(place);
        }
        int token = 0;
        while (token < ends.length && ends[token] <= place) {
            token++;
        }
        // Tokens of single bytes complete no character; those before a character belong to it.
        while (token > 0 && ends[token - 1] == place && begin(token - 1) == place) {
            token--;
        }
        return token;
    }

    /// The token after the last one that covers a character before a place.
    int end(int place) {
        if (ends.length == 0) {
            int same = common(place);
            return same == encode(place).length ? same : same + 1;
        }
        int token = ends.length;
        while (token > 0 && begin(token - 1) >= place) {
            token--;
        }
        return token;
    }

    private int begin(int token) {
        return token == 0 ? 0 : ends[token - 1];
    }

    private int[] encode(int place) {
        return tokenizer.encode(AssistantSpans.part(text, place), false);
    }

    private int common(int place) {
        int[] part = encode(place);
        int different = Arrays.mismatch(part, ids);
        return different < 0 ? part.length : different;
    }
}
