package glia.text.tokenizer;

import glia.io.CheckpointException;
import glia.jinja.value.TrustedText;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// Encodes texts in which only the trusted stretches may hold markers: added tokens by which a model is steered
/// ([AddedToken#isMarker]). Elsewhere their text is text like any other.
///
/// Where no marker stands outside the trusted stretches, the text is encoded as it is, in one piece: its ids are those
/// of `Encoder`. Else a second tokenizer encodes it, also in one piece, whose markers have secret names. Markers that
/// are trusted are replaced by these names; what looks like a marker otherwise is none. So the text around markers
/// is normalized and cut as ever.
final class TrustedEncoder {
    private static final int SECRET_LETTERS = 24;
    /// Enough letters for any id.
    private static final int ID_LETTERS = 5;
    private static final int LETTERS = 'z' - 'a' + 1;

    private final TokenizerSpec spec;
    private final Encoder encoder;
    private volatile AddedTokenScan scan;
    private volatile Renamed renamed;

    TrustedEncoder(TokenizerSpec spec, Encoder encoder) {
        this.spec = spec;
        this.encoder = encoder;
    }

    int[] encode(TrustedText trust) {
        String text = trust.toString();
        List<AddedTokenScan.Match> trusted = scan().markers(text, trust);
        if (AddedTokenScan.same(trusted, scan().markers(text, null))) {
            int[] ids = encoder.encode(text);
            if (areThere(ids, trusted)) {
                return ids;
            }
        }
        return encodeRenamed(trust);
    }

    /// The same by the second tokenizer, whatever the text holds.
    int[] encodeRenamed(TrustedText trust) {
        return renamed().encode(trust.toString(), scan().markers(trust.toString(), trust));
    }

    /// Whether the markers among the ids are trusted ones. Normalization makes markers of other characters too.
    private boolean areThere(int[] ids, List<AddedTokenScan.Match> trusted) {
        int next = 0;
        for (int id : ids) {
            if (spec.vocabulary().isMarker(id)) {
                while (next < trusted.size() && trusted.get(next).token().id() != id) {
                    next++;
                }
                if (next++ >= trusted.size()) {
                    return false;
                }
            }
        }
        return true;
    }

    private AddedTokenScan scan() {
        if (scan == null) {
            scan = new AddedTokenScan(spec.vocabulary().addedTokens());
        }
        return scan;
    }

    private Renamed renamed() {
        if (renamed == null) {
            synchronized (this) {
                if (renamed == null) {
                    renamed = new Renamed(spec);
                }
            }
        }
        return renamed;
    }

    /// The tokenizer whose markers have secret names: random letters, which no normalizer changes, and the id.
    private static final class Renamed {
        private final Map<String, String> names = new HashMap<>();
        private final Encoder encoder;

        Renamed(TokenizerSpec spec) {
            Random random = new SecureRandom();
            StringBuilder secret = new StringBuilder();
            for (int i = 0; i < SECRET_LETTERS; i++) {
                secret.append((char) ('a' + random.nextInt(LETTERS)));
            }
            for (AddedToken token : spec.vocabulary().addedTokens()) {
                if (token.isMarker()) {
                    StringBuilder name = new StringBuilder(secret);
                    for (int i = 0, rest = token.id(); i < ID_LETTERS; i++, rest /= LETTERS) {
                        name.append((char) ('a' + rest % LETTERS));
                    }
                    names.put(token.content(), name.toString());
                }
            }
            encoder = Encoder.whenNeeded(new TokenizerSource() {
                @Override
                public String whole() throws CheckpointException {
                    return RenamedJson.of(spec.json(), names);
                }

                @Override
                public TextLimit limit() {
                    return spec.source().limit();
                }
            }, spec.origin());
        }

        int[] encode(String text, List<AddedTokenScan.Match> markers) {
            StringBuilder replaced = new StringBuilder(text.length());
            int start = 0;
            for (AddedTokenScan.Match marker : markers) {
                replaced.append(text, start, marker.start()).append(names.get(marker.token().content()));
                start = marker.end();
            }
            return encoder.encode(replaced.append(text, start, text.length()).toString());
        }
    }
}
