package glia.text.tokenizer;

import glia.io.CheckpointException;
import glia.jinja.value.TrustedText;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// Encodes texts with trusted and untrusted parts. Markers ([AddedToken#isMarker]) are recognized only in trusted
/// parts; elsewhere their text is encoded as plain text.
///
/// If no marker is outside the trusted parts, the ids are those of [Encoder]. Otherwise a second tokenizer encodes the
/// text, whose markers have random names: trusted markers are replaced by these names, and the text of other markers is
/// no marker there. In both cases the text is encoded as a whole, so normalization and splitting around markers do not
/// change.
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
            if (areTrusted(ids, trusted)) {
                return ids;
            }
        }
        return encodeRenamed(trust);
    }

    /// Encodes a text with the second tokenizer.
    int[] encodeRenamed(TrustedText trust) {
        return renamed().encode(trust.toString(), scan().markers(trust.toString(), trust));
    }

    /// Whether all markers among the ids are trusted. Normalization may make a marker of other characters.
    private boolean areTrusted(int[] ids, List<AddedTokenScan.Match> trusted) {
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

    /// The tokenizer whose markers are renamed to random letters, which no normalizer changes, and the id.
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
