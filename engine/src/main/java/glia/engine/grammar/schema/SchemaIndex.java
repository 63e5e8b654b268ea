package glia.engine.grammar.schema;

import glia.engine.grammar.limit.GrammarBudget;
import glia.engine.grammar.limit.GrammarException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The places of all subschemas of a document: their JSON pointers, base URIs and names for `$ref`.
final class SchemaIndex {
    private static final Set<String> VALUES = Set.of("enum", "const", "default", "examples", "example");
    private static final Set<String> SCHEMAS = Set.of("items", "additionalItems", "prefixItems", "contains",
            "unevaluatedItems", "additionalProperties", "unevaluatedProperties", "propertyNames", "not", "if", "then",
            "else", "allOf", "anyOf", "oneOf", "contentSchema");
    private static final Set<String> MAPS = Set.of("properties", "patternProperties", "$defs", "definitions",
            "dependentSchemas", "dependencies");
    private static final String NO_BASE = "schema:/";

    private final GrammarBudget budget = GrammarBudget.current();
    private final Object root;
    private final Map<Object, String> pointers = new IdentityHashMap<>();
    private final Map<Object, URI> bases = new IdentityHashMap<>();
    private final Map<String, Object> named = new HashMap<>();
    /// Names within keywords that the standard does not define.
    private final Map<String, Object> namedElsewhere = new HashMap<>();
    private final boolean isOld;

    private enum Kind { SCHEMA, MAP, OTHER }

    SchemaIndex(Object root) {
        this.root = root;
        Object draft = root instanceof Map<?, ?> map ? map.get("$schema") : null;
        this.isOld = draft instanceof String s && s.matches(".*draft-0[3-7].*");
        if (draft instanceof String s && s.contains("draft-03")) {
            throw GrammarException.unsupported("#/$schema", "draft 3 of JSON schema");
        }
        URI base = URI.create(NO_BASE);
        named.put(NO_BASE, root);
        add(root, "#", base, 0, Kind.SCHEMA);
        namedElsewhere.forEach(named::putIfAbsent);
    }

    private void add(Object node, String pointer, URI base, int depth, Kind kind) {
        if (depth > glia.engine.grammar.limit.GrammarLimits.DEPTH) {
            throw GrammarException.limit("levels of nesting in a schema",
                    glia.engine.grammar.limit.GrammarLimits.DEPTH);
        }
        if (node instanceof List<?> list) {
            for (int i = 0; i < list.size(); i++) {
                add(list.get(i), pointer + "/" + i, base, depth + 1, kind);
            }
        }
        if (!(node instanceof Map<?, ?> map)) {
            return;
        }
        budget.step();
        budget.bytes(pointer.length() + 200L);
        URI own = base;
        Map<String, Object> names = kind == Kind.SCHEMA ? named : namedElsewhere;
        Object id = map.get("$id") instanceof String ? map.get("$id") : map.get("id");
        if (kind != Kind.MAP && id instanceof String name && !(isOld && map.containsKey("$ref"))) {
            own = named(name, base, map, names);
        }
        pointers.put(map, pointer);
        bases.put(map, own);
        for (String key : List.of("$anchor", "$dynamicAnchor")) {
            if (kind != Kind.MAP && map.get(key) instanceof String anchor) {
                names.putIfAbsent(own + "#" + anchor, map);
            }
        }
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            String key = String.valueOf(entry.getKey());
            boolean isValue = VALUES.contains(key) && (kind == Kind.SCHEMA || !(entry.getValue() instanceof Map));
            if (!isValue) {
                add(entry.getValue(), pointer + "/" + key.replace("~", "~0").replace("/", "~1"), own, depth + 1,
                        kind == Kind.MAP ? Kind.SCHEMA : kind == Kind.OTHER ? Kind.OTHER
                        : SCHEMAS.contains(key) ? Kind.SCHEMA : MAPS.contains(key) ? Kind.MAP : Kind.OTHER);
            }
        }
    }

    /// @return the base URI within a schema with an id
    private URI named(String id, URI base, Map<?, ?> map, Map<String, Object> names) {
        try {
            // Java does not resolve a fragment against a URN.
            URI absolute = id.startsWith("#") ? URI.create(withoutFragment(base.toString()) + id) : base.resolve(id);
            String text = absolute.toString();
            names.putIfAbsent(text.endsWith("#") ? text.substring(0, text.length() - 1) : text, map);
            return id.startsWith("#") ? base : absolute;
        } catch (IllegalArgumentException e) {
            // An id that is no URI names nothing.
            return base;
        }
    }

    /// Whether the document is of draft 4 to 7, in which keywords beside `$ref` are ignored.
    boolean ignoresRefSiblings() {
        return isOld;
    }

    /// The JSON pointer of a subschema.
    String pointer(Object schema) {
        return pointers.getOrDefault(schema, "#");
    }

    /// The subschema that `$ref` names.
    ///
    /// @throws GrammarException if there is none in the document
    Object resolve(Object from, String ref) {
        String place = pointer(from) + "/$ref";
        URI base = bases.getOrDefault(from, URI.create(NO_BASE));
        int hash = ref.indexOf('#');
        String document = hash < 0 ? ref : ref.substring(0, hash);
        String fragment = hash < 0 ? "" : ref.substring(hash + 1);
        String uri;
        try {
            uri = document.isEmpty() ? withoutFragment(base.toString()) : withoutFragment(base.resolve(document)
                    .toString());
            fragment = java.net.URLDecoder.decode(fragment.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw GrammarException.invalid(place, "found '" + ref + "', which is not a URI");
        }
        Object target = named.get(uri);
        if (target == null && document.isEmpty()) {
            target = root;
        }
        if (target == null) {
            throw GrammarException.unsupported(place, "a reference to another document, '" + ref + "',");
        }
        if (!fragment.isEmpty() && !fragment.startsWith("/")) {
            target = named.get(uri + "#" + fragment);
        } else if (!fragment.isEmpty()) {
            target = walk(target, fragment);
            if (target == null && document.isEmpty()) {
                target = walk(root, fragment);
            }
        }
        if (!(target instanceof Map) && !(target instanceof Boolean)) {
            throw GrammarException.invalid(place, "found '" + ref + "', but the document has no such schema");
        }
        return target;
    }

    private static String withoutFragment(String uri) {
        int hash = uri.indexOf('#');
        return hash < 0 ? uri : uri.substring(0, hash);
    }

    private static Object walk(Object from, String pointer) {
        Object at = from;
        for (String part : pointer.substring(1).split("/", -1)) {
            String key = part.replace("~1", "/").replace("~0", "~");
            at = switch (at) {
                case Map<?, ?> map -> map.get(key);
                case List<?> list when key.matches("\\d{1,9}") && Integer.parseInt(key) < list.size() ->
                    list.get(Integer.parseInt(key));
                case null, default -> null;
            };
        }
        return at;
    }
}
