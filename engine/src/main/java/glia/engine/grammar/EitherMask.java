package glia.engine.grammar;

import glia.engine.grammar.limit.GrammarException;
import glia.engine.sampling.TokenMask;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The tokens by which a text stays within one of several grammars, each of which has its own rule for white space: a
/// grammar of JSON may have it between all parts, another one has exactly its texts. For one sample.
public final class EitherMask implements TokenMask {
    /// The masks whose grammar the text has not left; at least one.
    private final List<GrammarMask> open;

    /// @param masks of the grammars, at the begin of a text; at least one
    public EitherMask(List<GrammarMask> masks) {
        this.open = new ArrayList<>(masks);
    }

    /// The tokens that one of the grammars allows.
    ///
    /// @throws GrammarException if a grammar exceeds a limit, or no token of the vocabulary can follow in any of them
    @Override
    public long[] allowed() {
        long[] all = null;
        for (GrammarMask mask : List.copyOf(open)) {
            long[] words;
            try {
                words = mask.allowed();
            } catch (GrammarException e) {
                if (e.kind() != GrammarException.Kind.UNSATISFIABLE || open.size() == 1) {
                    throw e;
                }
                open.remove(mask);
                mask.stop();
                continue;
            }
            all = all == null ? words : union(all, words);
        }
        return all;
    }

    @Override
    public boolean isReady() {
        boolean isReady = true;
        for (GrammarMask mask : List.copyOf(open)) {
            isReady &= isReady(mask);
        }
        return isReady;
    }

    /// A grammar that no token continues is ready, since [#allowed] drops it.
    private static boolean isReady(GrammarMask mask) {
        try {
            return mask.isReady();
        } catch (GrammarException e) {
            if (e.kind() == GrammarException.Kind.UNSATISFIABLE) {
                return true;
            }
            throw e;
        }
    }

    @Override
    public void stop() {
        open.forEach(GrammarMask::stop);
    }

    private static long[] union(long[] a, long[] b) {
        long[] longer = a.length >= b.length ? a : b;
        long[] shorter = longer == a ? b : a;
        long[] both = Arrays.copyOf(longer, longer.length);
        for (int i = 0; i < shorter.length; i++) {
            both[i] |= shorter[i];
        }
        return both;
    }

    /// Receives the next token: only the grammars that allow it remain.
    ///
    /// @throws IllegalArgumentException if none does
    @Override
    public void accept(int token) {
        allowed();
        List<GrammarMask> left = open.stream().filter(mask -> mask.allows(token)).toList();
        if (left.isEmpty()) {
            throw new IllegalArgumentException("no grammar allows token " + token + " here");
        }
        open.stream().filter(mask -> !left.contains(mask)).forEach(GrammarMask::stop);
        open.retainAll(left);
        left.forEach(mask -> mask.accept(token));
    }
}
