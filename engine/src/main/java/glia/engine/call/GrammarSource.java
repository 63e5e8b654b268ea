package glia.engine.call;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/// What a grammar is compiled from, as a short key: a hash of its JSON, in which the order of properties counts, and
/// what is no JSON.
final class GrammarSource {
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
