package glia.engine.call;

import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.limit.GrammarMemory;
import glia.engine.grammar.limit.MemoryPart;
import glia.text.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
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

    /// What a grammar is compiled from, as a short key: a hash of its JSON, in which the order of properties counts,
    /// and what is no JSON.
    static final class GrammarSource {
        /// Memory of a value without its text.
        private static final int VALUE_BYTES = 64;

        private final MessageDigest hash;
        private final List<Object> others = new ArrayList<>();
        private long bytes;

        private GrammarSource() {
            try {
                hash = MessageDigest.getInstance("SHA-256");
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException(e);
            }
        }

        /// @param key what it is compiled from
        /// @param bytes its memory
        record Known(Object key, long bytes) { }

        /// The key of a value.
        static Known of(Object value) {
            GrammarSource source = new GrammarSource();
            source.add(value);
            return new Known(List.of(HexFormat.of().formatHex(source.hash.digest()), source.others), source.bytes);
        }

        private void add(Object value) {
            bytes += VALUE_BYTES;
            switch (value) {
                case Map<?, ?> map -> {
                    text('{', Integer.toString(map.size()));
                    map.forEach((name, inner) -> {
                        add(name);
                        add(inner);
                    });
                }
                case List<?> list -> {
                    text('[', Integer.toString(list.size()));
                    list.forEach(this::add);
                }
                case String text -> text('"', text);
                case Number number -> text('0', number.getClass().getName() + number);
                case Boolean flag -> text('?', flag.toString());
                case null -> text('?', "null");
                default -> {
                    text('*', "");
                    others.add(value);
                }
            }
        }

        private void text(char kind, String text) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            bytes += 2L * utf8.length;
            hash.update((kind + Integer.toString(utf8.length) + ':').getBytes(StandardCharsets.UTF_8));
            hash.update(utf8);
        }
    }
}
