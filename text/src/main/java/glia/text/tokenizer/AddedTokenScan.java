package glia.text.tokenizer;

import glia.jinja.value.TrustedText;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.TreeMap;

/// Finds added tokens in a text like Hugging Face's library: leftmost-longest, first the tokens that are matched in the
/// original text, then, between them, those that are matched in the normalized text. Here both are matched in the
/// original text. Without lambdas and record `equals`, which slow down a cold start.
final class AddedTokenScan {
    private final Table verbatim;
    private final Table normalized;

    /// A token and its range in UTF-16 units.
    record Match(AddedToken token, int start, int end) { }

    AddedTokenScan(List<AddedToken> tokens) {
        verbatim = new Table(tokens, false);
        normalized = new Table(tokens, true);
    }

    /// Finds the markers in a text, in order.
    ///
    /// @param trust which parts may contain markers; null for all
    List<Match> markers(String text, TrustedText trust) {
        List<Match> found = new ArrayList<>();
        verbatim.find(text, 0, text.length(), trust, found);
        if (normalized.tokens.length > 0) {
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
        /// Sorted by content, each content once.
        private final AddedToken[] tokens;
        private final BitSet firstCharacters = new BitSet();

        Table(List<AddedToken> all, boolean normalized) {
            TreeMap<String, AddedToken> sorted = new TreeMap<>();
            for (AddedToken token : all) {
                if (token.normalized() == normalized) {
                    sorted.put(token.content(), token);
                    firstCharacters.set(token.content().charAt(0));
                }
            }
            tokens = sorted.values().toArray(new AddedToken[0]);
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
            AddedToken longest = null;
            int low = 0;
            int high = tokens.length;
            // Tokens from low to high begin with text[at, end) and are longer.
            for (int end = at; end < to && low < high; end++) {
                char c = text.charAt(end);
                low = firstFrom(c, end - at, low, high);
                high = firstFrom(c + 1, end - at, low, high);
                if (low < high && tokens[low].content().length() == end - at + 1) {
                    AddedToken token = tokens[low++];
                    if (trust == null || !token.isMarker() || trust.isTrusted(at, end + 1)) {
                        longest = token;
                    }
                }
            }
            return longest;
        }

        /// The first of some tokens whose character at an index is not below another.
        private int firstFrom(int c, int index, int from, int to) {
            int low = from;
            int high = to;
            while (low < high) {
                int middle = (low + high) >>> 1;
                if (tokens[middle].content().charAt(index) < c) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            return low;
        }

        private static boolean isWord(String text, int at) {
            return at >= 0 && at < text.length() && (Character.isLetterOrDigit(text.charAt(at))
                    || text.charAt(at) == '_');
        }
    }
}
