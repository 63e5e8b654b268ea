package glia.serve.chat;

import glia.text.tokenizer.Tokenizer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.function.Supplier;

/// The last grammars and masks of tools of each tokenizer, so that requests with the same schemas share what was
/// computed for them.
public final class GrammarCache {
    private static final int MOST = 32;
    private static final float LOAD_FACTOR = 0.75f;
    private static final Map<Tokenizer, Map<Object, Object>> OF_TOKENIZERS = new WeakHashMap<>();

    private GrammarCache() { }

    /// A grammar or the like, compiled unless it is there.
    ///
    /// @param key what it is compiled from, with an `equals` of its own
    /// @throws glia.engine.grammar.limit.GrammarException if it cannot be compiled
    public static <T> T get(Tokenizer tokenizer, Class<T> type, Object key, Supplier<T> compile) {
        synchronized (OF_TOKENIZERS) {
            Object known = of(tokenizer).get(key);
            if (type.isInstance(known)) {
                return type.cast(known);
            }
        }
        T compiled = compile.get();
        synchronized (OF_TOKENIZERS) {
            of(tokenizer).put(key, compiled);
        }
        return compiled;
    }

    private static Map<Object, Object> of(Tokenizer tokenizer) {
        return OF_TOKENIZERS.computeIfAbsent(tokenizer, _ -> new LinkedHashMap<>(MOST, LOAD_FACTOR, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<Object, Object> eldest) {
                return size() > MOST;
            }
        });
    }
}
