package glia.serve.chat;

import glia.engine.grammar.Grammar;
import glia.text.tokenizer.Tokenizer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.function.Supplier;

/// The last grammars of each tokenizer, so that requests with the same schema share what was computed for it.
public final class GrammarCache {
    private static final int MOST = 32;
    private static final float LOAD_FACTOR = 0.75f;
    private static final Map<Tokenizer, Map<Object, Grammar>> OF_TOKENIZERS = new WeakHashMap<>();

    private GrammarCache() { }

    /// A grammar, compiled unless it is there.
    ///
    /// @param key what it is compiled from, with an `equals` of its own
    /// @throws glia.engine.grammar.limit.GrammarException if it cannot be compiled
    public static Grammar get(Tokenizer tokenizer, Object key, Supplier<Grammar> compile) {
        synchronized (OF_TOKENIZERS) {
            Grammar known = of(tokenizer).get(key);
            if (known != null) {
                return known;
            }
        }
        Grammar compiled = compile.get();
        synchronized (OF_TOKENIZERS) {
            of(tokenizer).put(key, compiled);
        }
        return compiled;
    }

    private static Map<Object, Grammar> of(Tokenizer tokenizer) {
        return OF_TOKENIZERS.computeIfAbsent(tokenizer, _ -> new LinkedHashMap<>(MOST, LOAD_FACTOR, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<Object, Grammar> eldest) {
                return size() > MOST;
            }
        });
    }
}
