package glia.engine.call;

import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.limit.GrammarMemory;
import glia.engine.grammar.limit.MemoryPart;
import glia.text.tokenizer.Tokenizer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.function.Supplier;

/// The last grammars and masks of tools of each tokenizer, so that requests with the same schemas share what was
/// computed for them. They are a part of the [memory of all grammars][GrammarMemory], and dropped where it is short.
public final class GrammarCache {
    private static final int MOST = 32;
    private static final float LOAD_FACTOR = 0.75f;
    private static final Map<Tokenizer, Map<Object, MemoryPart<Object>>> OF_TOKENIZERS = new WeakHashMap<>();

    private GrammarCache() { }

    /// A grammar or the like, compiled unless it is there.
    ///
    /// @param key what it is compiled from: values of JSON, and others with an `equals` of their own
    /// @throws GrammarException if it cannot be compiled
    public static <T> T get(Tokenizer tokenizer, Class<T> type, Object key, Supplier<T> compile) {
        GrammarSource.Known source = HeavyWork.run(0, () -> GrammarSource.of(key));
        synchronized (OF_TOKENIZERS) {
            Object made = used(of(tokenizer).get(source.key()));
            if (type.isInstance(made)) {
                return type.cast(made);
            }
        }
        T compiled = HeavyWork.run(compile);
        MemoryPart<Object> part = part(source, compiled);
        synchronized (OF_TOKENIZERS) {
            MemoryPart<Object> before = part == null ? null : of(tokenizer).put(source.key(), part);
            if (before != null) {
                before.close();
            }
        }
        return compiled;
    }

    private static Object used(MemoryPart<Object> part) {
        MemoryPart<Void> use = part == null ? null : part.use();
        if (use == null) {
            return null;
        }
        Object content = part.content();
        use.close();
        return content;
    }

    /// @return null if there is no memory for what it is compiled from, which it keeps
    private static MemoryPart<Object> part(GrammarSource.Known source, Object compiled) {
        MemoryPart<Object> part = GrammarMemory.current().part();
        try {
            part.resize(source.bytes());
        } catch (GrammarException e) {
            part.close();
            return null;
        }
        part.content(compiled);
        part.keep();
        return part;
    }

    private static Map<Object, MemoryPart<Object>> of(Tokenizer tokenizer) {
        return OF_TOKENIZERS.computeIfAbsent(tokenizer, _ -> new LinkedHashMap<>(MOST, LOAD_FACTOR, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<Object, MemoryPart<Object>> eldest) {
                boolean isFull = size() > MOST;
                if (isFull) {
                    eldest.getValue().close();
                }
                return isFull;
            }
        });
    }
}
