package glia.serve.chat;

import glia.engine.LanguageModel;
import glia.engine.grammar.Grammar;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.function.Supplier;

/// The last grammars of each model, so that requests with the same schema share what was computed for it.
public final class GrammarCache {
    private static final int MOST = 32;
    private static final float LOAD_FACTOR = 0.75f;
    private static final Map<LanguageModel, Map<Object, Grammar>> OF_MODELS = new WeakHashMap<>();

    private GrammarCache() { }

    /// A grammar, compiled unless it is there.
    ///
    /// @param key what it is compiled from, with an `equals` of its own
    /// @throws glia.engine.grammar.limit.GrammarException if it cannot be compiled
    public static Grammar get(LanguageModel model, Object key, Supplier<Grammar> compile) {
        synchronized (OF_MODELS) {
            Grammar known = ofModel(model).get(key);
            if (known != null) {
                return known;
            }
        }
        Grammar compiled = compile.get();
        synchronized (OF_MODELS) {
            ofModel(model).put(key, compiled);
        }
        return compiled;
    }

    private static Map<Object, Grammar> ofModel(LanguageModel model) {
        return OF_MODELS.computeIfAbsent(model, _ -> new LinkedHashMap<>(MOST, LOAD_FACTOR, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<Object, Grammar> eldest) {
                return size() > MOST;
            }
        });
    }
}
