package glia.text.tokenizer;

import glia.jinja.value.TrustedText;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Finds added tokens in a text as Hugging Face's library does: at each place the longest, from left to right; first
/// those that are looked for in the text as it was given, then, in what is left, those of the normalized text. Here
/// both are looked for as they are written. No lambda and no record's `equals` here, which take long at a cold start.
final class AddedTokenScan {
    private final Table verbatim;
    private final Table normalized;

    /// A token and where it stands, in UTF-16 units.
    record Match(AddedToken token, int start, int end) { }

    AddedTokenScan(List<AddedToken> tokens) {
        verbatim = new Table(tokens, false);
        normalized = new Table(tokens, true);
    }

    /// The markers in a text, in order.
    ///
    /// @param trust what may hold markers; null for everything
    List<Match> markers(String text, TrustedText trust) {
        List<Match> found = new ArrayList<>();
        verbatim.find(text, 0, text.length(), trust, found);
        if (!normalized.tokens.isEmpty()) {
            List<Match> all = new ArrayList<>();
            int start = 0;
            for (Match match : found) {
                normalized.find(text, start, match.start, trust, all);
                all.add(match);
                start = match.end;
            }
            normalized.find(text, start, text.length(), trust, all);
            found = all;
        }
        List<Match> markers = new ArrayList<>();
        for (Match match : found) {
            if (match.token.isMarker()) {
                markers.add(match);
            }
        }
        return markers;
    }

    /// Whether two lists of markers of a text are the same.
    static boolean same(List<Match> a, List<Match> b) {
        boolean same = a.size() == b.size();
        for (int i = 0; same && i < a.size(); i++) {
            same = a.get(i).start == b.get(i).start && a.get(i).token == b.get(i).token;
        }
        return same;
    }

    private static final class Table {
        private final Map<String, AddedToken> tokens = new HashMap<>();
        private final BitSet firstCharacters = new BitSet();
        private final BitSet lengths = new BitSet();

        Table(List<AddedToken> all, boolean normalized) {
            for (AddedToken token : all) {
                if (token.normalized() == normalized) {
                    tokens.put(token.content(), token);
                    firstCharacters.set(token.content().charAt(0));
                    lengths.set(token.content().length());
                }
            }
        }

        void find(String text, int from, int to, TrustedText trust, List<Match> found) {
            int at = from;
            while (at < to) {
                AddedToken token = firstCharacters.get(text.charAt(at)) ? longest(text, at, to, trust) : null;
                if (token == null) {
                    at++;
                    continue;
                }
                int end = at + token.content().length();
                if (!token.singleWord() || !isWord(text, at - 1) && !isWord(text, end)) {
                    found.add(new Match(token, at, end));
                }
                at = end;
            }
        }

        private AddedToken longest(String text, int at, int to, TrustedText trust) {
            for (int length = lengths.previousSetBit(to - at); length > 0;
                    length = lengths.previousSetBit(length - 1)) {
                AddedToken token = tokens.get(text.substring(at, at + length));
                if (token != null && (trust == null || !token.isMarker() || trust.isTrusted(at, at + length))) {
                    return token;
                }
            }
            return null;
        }

        private static boolean isWord(String text, int at) {
            return at >= 0 && at < text.length() && (Character.isLetterOrDigit(text.charAt(at))
                    || text.charAt(at) == '_');
        }
    }
}
