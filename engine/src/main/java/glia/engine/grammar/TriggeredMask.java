package glia.engine.grammar;

import glia.engine.sampling.TokenMask;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/// Free text in which a grammar takes effect after a trigger: a tool call after its marker, say. When the grammar's
/// text is complete and cannot go on, free text follows again. For one sample.
///
/// A trigger is a text or a token; of texts that end together the longest counts. A token whose bytes end a trigger and
/// go on is allowed only if the grammar allows what follows. Where the grammar's text is complete but could go on, only
/// it may.
public final class TriggeredMask implements TokenMask {
    private final GrammarVocabulary vocabulary;
    private final IntFunction<GrammarMask> grammar;
    private final List<byte[]> triggers;
    private final int[] triggerTokens;
    /// The last bytes of the free text that begin a trigger.
    private byte[] tail = {};
    private GrammarMask active;
    /// Masks of free text by its last bytes; an empty one allows every token.
    private final Map<String, long[]> masks = new HashMap<>();
    private static final long[] EVERY = {};

    /// @param triggers the texts after which the grammar begins; none may be empty
    /// @param triggerTokens the tokens after which it begins
    /// @param grammar gives a mask for each time that one begins, by the number of its trigger: texts, then tokens
    public TriggeredMask(GrammarVocabulary vocabulary, List<String> triggers, int[] triggerTokens,
            IntFunction<GrammarMask> grammar) {
        this.vocabulary = vocabulary;
        this.grammar = grammar;
        this.triggers = triggers.stream().map(text -> text.getBytes(StandardCharsets.UTF_8)).toList();
        if (this.triggers.stream().anyMatch(bytes -> bytes.length == 0)) {
            throw new IllegalArgumentException("a trigger without text");
        }
        this.triggerTokens = triggerTokens.clone();
    }

    /// Whether the grammar is in effect.
    public boolean isActive() {
        return active != null;
    }

    @Override
    public long[] allowed() {
        if (active != null) {
            return active.allowed();
        }
        long[] mask = masks.computeIfAbsent(new String(tail, StandardCharsets.ISO_8859_1), k -> freeMask());
        return mask == EVERY ? null : mask;
    }

    @Override
    public boolean isReady() {
        return active == null || active.isReady();
    }

    @Override
    public void stop() {
        if (active != null) {
            active.stop();
        }
    }

    /// All tokens but those that run over a trigger into what the grammar refuses.
    private long[] freeMask() {
        long[] mask = null;
        for (int token = 0; token < vocabulary.size(); token++) {
            byte[] bytes = vocabulary.bytes(token);
            if (bytes == null || bytes.length == 0) {
                continue;
            }
            int end = triggerEnd(bytes);
            if (end >= 0 && end < bytes.length && !grammarAfter(bytes, end).acceptBytes(bytes, end)) {
                if (mask == null) {
                    mask = new long[vocabulary.numWords()];
                    Arrays.fill(mask, -1);
                }
                mask[token >> 6] &= ~(1L << token);
            }
        }
        return mask == null ? EVERY : mask;
    }

    /// The number of a token's bytes after which the first trigger ends; -1 if none does.
    private int triggerEnd(byte[] bytes) {
        if (!canEnd(bytes)) {
            return -1;
        }
        byte[] text = joined(tail, bytes);
        for (int end = 1; end <= bytes.length; end++) {
            if (trigger(text, tail.length + end) >= 0) {
                return end;
            }
        }
        return -1;
    }

    /// A mask of the grammar of the trigger that ends with the first bytes of a token.
    private GrammarMask grammarAfter(byte[] bytes, int end) {
        return grammar.apply(trigger(joined(tail, bytes), tail.length + end));
    }

    /// The number of the longest trigger that ends at a place in a text; -1 if none does.
    private int trigger(byte[] text, int end) {
        int found = -1;
        for (int i = 0; i < triggers.size(); i++) {
            byte[] trigger = triggers.get(i);
            int from = end - trigger.length;
            if (from >= 0 && Arrays.equals(text, from, end, trigger, 0, trigger.length)
                    && (found < 0 || trigger.length > triggers.get(found).length)) {
                found = i;
            }
        }
        return found;
    }

    /// Whether a token has the last byte of a trigger.
    private boolean canEnd(byte[] bytes) {
        for (byte value : bytes) {
            for (byte[] trigger : triggers) {
                if (trigger[trigger.length - 1] == value) {
                    return true;
                }
            }
        }
        return false;
    }

    private static byte[] joined(byte[] a, byte[] b) {
        byte[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    /// The longest end of a text that begins a trigger and is shorter than it.
    private byte[] begun(byte[] text) {
        for (int from = 0; from < text.length; from++) {
            int length = text.length - from;
            for (byte[] trigger : triggers) {
                if (length < trigger.length && Arrays.equals(text, from, text.length, trigger, 0, length)) {
                    return Arrays.copyOfRange(text, from, text.length);
                }
            }
        }
        return new byte[0];
    }

    @Override
    public void accept(int token) {
        if (active != null) {
            active.accept(token);
            leave();
            return;
        }
        for (int i = 0; i < triggerTokens.length; i++) {
            if (triggerTokens[i] == token) {
                begin(grammar.apply(triggers.size() + i));
                return;
            }
        }
        byte[] bytes = vocabulary.bytes(token);
        if (bytes == null || bytes.length == 0) {
            return;
        }
        int end = triggerEnd(bytes);
        if (end < 0) {
            tail = begun(joined(tail, bytes));
            return;
        }
        begin(grammarAfter(bytes, end));
        if (!active.acceptBytes(bytes, end)) {
            throw new IllegalArgumentException("token " + token + " goes on after a trigger as the grammar does not "
                    + "allow");
        }
        leave();
    }

    private void begin(GrammarMask mask) {
        active = mask;
        tail = new byte[0];
    }

    private void leave() {
        if (active.isFinal()) {
            active = null;
        }
    }
}
