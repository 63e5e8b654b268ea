package glia.engine.grammar;

import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.parser.Position;
import glia.engine.sampling.TokenMask;

/// The tokens by which the text of one sample stays within a grammar. End-of-generation tokens are allowed exactly
/// where
/// the text is complete. For one sample; made by [Grammar#mask].
public final class GrammarMask implements TokenMask {
    private final MaskEngine engine;
    private final GrammarVocabulary vocabulary;
    private final long[] onlyEnds;
    private Position position;
    /// Whether the next token begins a text, so that the decoder drops a leading space.
    private boolean isFirst;
    private boolean hasEnded;

    /// @param beginsText whether the grammar's text is the begin of a decoded text
    GrammarMask(MaskEngine engine, GrammarVocabulary vocabulary, boolean beginsText) {
        this.engine = engine;
        this.vocabulary = vocabulary;
        this.position = engine.start();
        this.isFirst = beginsText && vocabulary.leadingSpaces() > 0;
        this.onlyEnds = new long[vocabulary.numWords()];
        for (int end : vocabulary.ends()) {
            onlyEnds[end >> 6] |= 1L << end;
        }
    }

    /// The allowed tokens.
    ///
    /// @throws GrammarException if the grammar exceeds a limit, or no token of the vocabulary can follow
    @Override
    public long[] allowed() {
        if (hasEnded) {
            return onlyEnds;
        }
        long[] words = isFirst ? engine.maskAfterSpace(position) : engine.mask(position);
        for (long word : words) {
            if (word != 0) {
                return words;
            }
        }
        throw new GrammarException(GrammarException.Kind.UNSATISFIABLE, "", isComplete()
                ? "the text is complete, but the model's vocabulary has no token that ends it"
                : "no token of the model's vocabulary continues the text as the grammar requires");
    }

    /// Whether a token is allowed.
    public boolean allows(int token) {
        long[] words = allowed();
        return token >= 0 && token >> 6 < words.length && (words[token >> 6] >>> token & 1) != 0;
    }

    /// Receives the next token.
    ///
    /// @throws IllegalArgumentException if it is not allowed
    @Override
    public void accept(int token) {
        if (vocabulary.isEnd(token)) {
            if (!isComplete()) {
                throw new IllegalArgumentException("token " + token + " ends the text, which the grammar does not "
                        + "allow here");
            }
            hasEnded = true;
            return;
        }
        byte[] bytes = vocabulary.bytes(token);
        boolean hasText = bytes != null && bytes.length > 0;
        Position next = hasText && !hasEnded
                ? engine.accept(position, bytes, isFirst && bytes[0] == ' ' ? 1 : 0) : null;
        if (next == null || next.isDead()) {
            throw new IllegalArgumentException("the grammar does not allow token " + token + " here");
        }
        position = next;
        isFirst = false;
    }

    /// Continues with text that need not be whole tokens, such as what follows a trigger within a token.
    ///
    /// @return false, without change, if the grammar does not allow it
    boolean acceptBytes(byte[] bytes, int offset) {
        Position next = engine.accept(position, bytes, offset);
        if (next.isDead()) {
            return false;
        }
        position = next;
        return true;
    }

    /// Whether the text so far is complete.
    public boolean isComplete() {
        return position.isComplete();
    }

    /// Whether the text so far is complete and nothing may follow.
    public boolean isFinal() {
        return position.isFinal();
    }
}
