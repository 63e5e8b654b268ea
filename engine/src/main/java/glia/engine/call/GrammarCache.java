package glia.engine.call;

import glia.text.tokenizer.Tokenizer;
import java.lang.ref.SoftReference;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.function.Supplier;

/// The last grammars and masks of tools of each tokenizer, so that requests with the same schemas share what was
/// computed for them. They are dropped where memory is short.
public final class GrammarCache {
    private static final int MOST = 32;
    private static final float LOAD_FACTOR = 0.75f;
    private static final Map<Tokenizer, Map<Object, SoftReference<Object>>> OF_TOKENIZERS = new WeakHashMap<>();

    private GrammarCache() { }

    /// A grammar or the like, compiled unless it is there.
    ///
    /// @param key what it is compiled from, with an `equals` of its own
    /// @throws glia.engine.grammar.limit.GrammarException if it cannot be compiled
    public static <T> T get(Tokenizer tokenizer, Class<T> type, Object key, Supplier<T> compile) {
        synchronized (OF_TOKENIZERS) {
            SoftReference<Object> known = of(tokenizer).get(key);
            Object made = known == null ? null : known.get();
            if (type.isInstance(made)) {
                return type.cast(made);
            }
        }
        T compiled = HeavyWork.run(compile);
        synchronized (OF_TOKENIZERS) {
            of(tokenizer).put(key, new SoftReference<>(compiled));
        }
        return compiled;
    }

    private static Map<Object, SoftReference<Object>> of(Tokenizer tokenizer) {
        return OF_TOKENIZERS.computeIfAbsent(tokenizer, _ -> new LinkedHashMap<>(MOST, LOAD_FACTOR, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<Object, SoftReference<Object>> eldest) {
                return size() > MOST;
            }
        });
    }
}
