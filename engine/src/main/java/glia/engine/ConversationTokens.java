package glia.engine;

import glia.jinja.value.TextBuilder;
import glia.jinja.value.TrustedText;
import glia.text.tokenizer.StreamingDecoder;
import glia.text.tokenizer.Tokenizer;
import java.util.Arrays;

/// The token ids of a rendered conversation. A model may generate other tokens than an encoder chooses for the same
/// text, and the KV cache holds the generated ones. So a prompt that begins with the last prompt and its answer keeps
/// their ids, and only the rest is encoded.
///
/// That is done where the rest begins with a marker, such as `<|im_end|>`: no token spans the cut there.
final class ConversationTokens {
    static final ConversationTokens EMPTY = of(new int[0]);

    private final TrustedText text;
    private final int[] ids;
    /// Ascending lengths of the text, at each of which `cutIds` tokens end.
    private final int[] cutChars;
    private final int[] cutIds;
    /// How many of the cuts end an earlier answer; the others are where the last answer begins and within it.
    private final int numClosed;
    /// Where the decoder has dropped the space before the last answer; -1 if it has not.
    private final int droppedSpace;

    private ConversationTokens(TrustedText text, int[] ids, int[] cutChars, int[] cutIds, int numClosed,
            int droppedSpace) {
        this.text = text;
        this.ids = ids;
        this.cutChars = cutChars;
        this.cutIds = cutIds;
        this.numClosed = numClosed;
        this.droppedSpace = droppedSpace;
    }

    /// Ids that no later prompt keeps.
    static ConversationTokens of(int[] ids) {
        return new ConversationTokens(TrustedText.of(""), ids, new int[0], new int[0], 0, -1);
    }

    int[] ids() {
        return ids;
    }

    /// The rendered conversation.
    TrustedText text() {
        return text;
    }

    /// The tokens of the next prompt.
    ConversationTokens next(TrustedText prompt, Tokenizer tokenizer) {
        ConversationTokens next = droppedSpace < 0 ? null : withSpace().keeping(prompt, tokenizer);
        if (next == null) {
            next = keeping(prompt, tokenizer);
        }
        return next != null ? next : new ConversationTokens(prompt, tokenizer.encode(prompt, false), new int[0],
                new int[0], 0, -1);
    }

    /// @return null if no cut suits the prompt
    private ConversationTokens keeping(TrustedText prompt, Tokenizer tokenizer) {
        int same = sameChars(text.toString(), prompt.toString());
        for (int i = cutChars.length - 1; i >= 0; i--) {
            int at = cutChars[i];
            if (at > same || at < same && i >= numClosed
                    || !part(text, 0, at).equals(part(prompt, 0, at))) {
                continue;
            }
            int[] rest = tokenizer.encode(part(prompt, at, prompt.toString().length()), false);
            if (rest.length > 0 && tokenizer.isMarker(rest[0])) {
                int[] all = Arrays.copyOf(ids, cutIds[i] + rest.length);
                System.arraycopy(rest, 0, all, cutIds[i], rest.length);
                // Cuts within an answer count only while it is the last one.
                int closed = Math.min(i, numClosed);
                int[] chars = Arrays.copyOf(cutChars, closed + 1);
                int[] counts = Arrays.copyOf(cutIds, closed + 1);
                chars[closed] = at;
                counts[closed] = cutIds[i];
                return new ConversationTokens(prompt, all, chars, counts, closed + 1, -1);
            }
        }
        return null;
    }

    /// The same, but the space before the answer is part of the text.
    private ConversationTokens withSpace() {
        TrustedText spaced = new TextBuilder().append(text, 0, droppedSpace).append(' ')
                .append(text, droppedSpace, text.toString().length()).whole();
        int[] chars = cutChars.clone();
        for (int i = numClosed + 1; i < chars.length; i++) {
            chars[i]++;
        }
        return new ConversationTokens(spaced, ids, chars, cutIds, numClosed, -1);
    }

    /// The tokens with those of an answer behind them. Special tokens that are not part of its text end what later
    /// prompts keep.
    ///
    /// @param content the text of the answer, which a stop string may have cut off
    ConversationTokens with(int[] answer, TrustedText content, Tokenizer tokenizer) {
        int kept = 0;
        while (kept < answer.length && !tokenizer.isSpecial(answer[kept])) {
            kept++;
        }
        int start = text.toString().length();
        int end = content.toString().length();
        int[] chars = Arrays.copyOf(cutChars, numClosed + 1 + kept);
        int[] counts = Arrays.copyOf(cutIds, numClosed + 1 + kept);
        int num = numClosed;
        chars[num] = start;
        counts[num++] = ids.length;
        int decoded = 0;
        StreamingDecoder decoder = tokenizer.streamingDecoder(true);
        for (int i = 0; i < kept && decoded < end; i++) {
            String piece = decoder.accept(answer[i]);
            decoded += piece.length() + (i == kept - 1 ? decoder.finish().length() : 0);
            if (decoded <= end && start + decoded > chars[num - 1]) {
                chars[num] = start + decoded;
                counts[num++] = ids.length + i + 1;
            }
        }
        return new ConversationTokens(new TextBuilder().append(text).append(content).whole(), join(ids, answer, kept),
                Arrays.copyOf(chars, num), Arrays.copyOf(counts, num), numClosed,
                kept > 0 && dropsSpace(answer[0], tokenizer) ? start : -1);
    }

    /// Whether the decoder drops the space of an answer's first token, though the answer does not begin the text.
    private boolean dropsSpace(int first, Tokenizer tokenizer) {
        if (ids.length == 0) {
            return false;
        }
        StreamingDecoder within = tokenizer.streamingDecoder(false);
        within.accept(ids[ids.length - 1]);
        return within.accept(first).startsWith(" ") && !tokenizer.streamingDecoder(true).accept(first).startsWith(" ");
    }

    private static int[] join(int[] a, int[] b, int count) {
        int[] all = Arrays.copyOf(a, a.length + count);
        System.arraycopy(b, 0, all, a.length, count);
        return all;
    }

    private static int sameChars(String a, String b) {
        int length = Math.min(a.length(), b.length());
        int at = 0;
        while (at < length && a.charAt(at) == b.charAt(at)) {
            at++;
        }
        return at;
    }

    private static TrustedText part(TrustedText text, int start, int end) {
        return new TextBuilder().append(text, start, end).whole();
    }
}
