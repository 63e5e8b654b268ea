package glia.io.yaml;

import glia.io.CheckpointException;
import glia.io.DisplayText;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.common.Anchor;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.CollectionEndEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.DocumentEndEvent;
import org.snakeyaml.engine.v2.events.DocumentStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.MappingStartEvent;
import org.snakeyaml.engine.v2.events.NodeEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.events.SequenceStartEvent;
import org.snakeyaml.engine.v2.events.StreamEndEvent;
import org.snakeyaml.engine.v2.events.StreamStartEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.parser.ParserImpl;
import org.snakeyaml.engine.v2.resolver.ScalarResolver;
import org.snakeyaml.engine.v2.scanner.StreamReader;
import org.snakeyaml.engine.v2.schema.CoreSchema;

/// Turns the events of a YAML parser into Java values and records the lines of keys. For one file.
///
/// @see <a href="https://yaml.org/spec/1.2.2/#103-core-schema">YAML 1.2.2, core schema</a>
final class YamlReader {
    private static final int MAX_DEPTH = 64;
    private static final LoadSettings SETTINGS = LoadSettings.builder().build();
    private static final ScalarResolver TYPES = new CoreSchema().getScalarResolver();

    private final Path origin;
    private final Map<String, Integer> lines = new HashMap<>();

    YamlReader(Path origin) {
        this.origin = origin;
    }

    /// The line of each path, counted from 1.
    Map<String, Integer> lines() {
        return lines;
    }

    /// The mapping that a text holds; empty if the text has only comments.
    @SuppressWarnings("unchecked") // readMapping makes no other maps
    Map<String, Object> read(String yaml) throws CheckpointException {
        Object value = value(yaml);
        return switch (value) {
            case null -> Map.of();
            case Map<?, ?> map -> (Map<String, Object>) map;
            case List<?> _ -> throw new CheckpointException(origin, "", "found a list, expected keys with values, as in"
                    + " 'name: value'");
            default -> throw new CheckpointException(origin, "", "found " + DisplayText.quote(value.toString())
                    + ", expected keys with values, as in 'name: value'");
        };
    }

    /// The single value that a text holds; null if the text has only comments.
    Object value(String yaml) throws CheckpointException {
        try {
            Iterator<Event> events = new ParserImpl(SETTINGS, new StreamReader(SETTINGS, yaml));
            Object value = null;
            boolean isRead = false;
            while (events.hasNext()) {
                Event event = events.next();
                switch (event) {
                    case StreamStartEvent _, StreamEndEvent _, DocumentEndEvent _ -> { }
                    case DocumentStartEvent _ -> {
                        if (isRead) {
                            throw error(event, "found a second document ('---'), expected one");
                        }
                        isRead = true;
                    }
                    default -> value = read(event, events, "", 0);
                }
            }
            return value;
        } catch (MarkedYamlEngineException e) {
            throw new CheckpointException(origin, e.getProblemMark().map(YamlReader::where).orElse(""),
                    "is not valid YAML: " + (e.getContext() == null ? "" : e.getContext() + ", ") + e.getProblem(), e);
        } catch (YamlEngineException e) {
            throw new CheckpointException(origin, "", "is not valid YAML: " + e.getMessage(), e);
        }
    }

    private Object read(Event event, Iterator<Event> events, String path, int depth) throws CheckpointException {
        if (event instanceof AliasEvent alias) {
            throw error(event, "found the alias *" + alias.getAlias() + "; aliases are not supported, write the value");
        }
        requirePlain(event);
        if (depth > MAX_DEPTH) {
            throw error(event, "is nested deeper than " + MAX_DEPTH);
        }
        return switch (event) {
            case ScalarEvent scalar -> scalar(scalar);
            case MappingStartEvent _ -> readMapping(events, path, depth);
            case SequenceStartEvent _ -> readList(events, path, depth);
            default -> throw error(event, "found " + event + ", expected a value");
        };
    }

    private void requirePlain(Event event) throws CheckpointException {
        Optional<Anchor> anchor = event instanceof NodeEvent node ? node.getAnchor() : Optional.empty();
        if (anchor.isPresent()) {
            throw error(event, "found the anchor &" + anchor.get() + "; anchors are not supported");
        }
        Optional<String> tag = switch (event) {
            case ScalarEvent scalar -> scalar.getTag();
            case CollectionStartEvent collection -> collection.getTag();
            default -> Optional.empty();
        };
        if (tag.isPresent()) {
            throw error(event, "found the tag " + DisplayText.shorten(tag.get(), 80) + "; tags are not supported");
        }
    }

    private Map<String, Object> readMapping(Iterator<Event> events, String path, int depth)
            throws CheckpointException {
        Map<String, Object> mapping = new LinkedHashMap<>();
        for (Event event = events.next(); !(event instanceof CollectionEndEvent); event = events.next()) {
            String key = key(event);
            String inner = path.isEmpty() ? key : path + "." + key;
            if (mapping.containsKey(key)) {
                throw error(event, "the key " + DisplayText.quote(key) + " is there twice, first in line "
                        + lines.get(inner));
            }
            lines.put(inner, line(event));
            mapping.put(key, read(events.next(), events, inner, depth + 1));
        }
        return mapping;
    }

    private String key(Event event) throws CheckpointException {
        if (event instanceof ScalarEvent scalar) {
            requirePlain(event);
            return scalar.getValue();
        }
        throw error(event, event instanceof AliasEvent ? "aliases are not supported"
                : "found a key that is not a string");
    }

    private List<Object> readList(Iterator<Event> events, String path, int depth) throws CheckpointException {
        List<Object> list = new ArrayList<>();
        for (Event event = events.next(); !(event instanceof CollectionEndEvent); event = events.next()) {
            String inner = path + "[" + list.size() + "]";
            lines.put(inner, line(event));
            list.add(read(event, events, inner, depth + 1));
        }
        return list;
    }

    private Object scalar(ScalarEvent scalar) throws CheckpointException {
        String text = scalar.getValue();
        if (!scalar.isPlain()) {
            return text;
        }
        Tag tag = TYPES.resolve(text, true);
        if (tag.equals(Tag.NULL)) {
            return null;
        }
        if (tag.equals(Tag.BOOL)) {
            return text.equalsIgnoreCase("true");
        }
        try {
            return tag.equals(Tag.INT) ? integer(text) : tag.equals(Tag.FLOAT) ? real(text) : text;
        } catch (NumberFormatException e) {
            throw error(scalar, "found " + DisplayText.quote(text) + ", which is no number");
        }
    }

    /// The narrowest of `Integer`, `Long` and `BigInteger`.
    private static Object integer(String text) {
        BigInteger n = text.startsWith("0x") ? new BigInteger(text.substring(2), 16)
                : text.startsWith("0o") ? new BigInteger(text.substring(2), 8) : new BigInteger(text);
        if (n.bitLength() < Integer.SIZE) {
            return n.intValue();
        }
        return n.bitLength() < Long.SIZE ? (Object) n.longValue() : n;
    }

    private static double real(String text) {
        String magnitude = text.startsWith("-") || text.startsWith("+") ? text.substring(1) : text;
        return switch (magnitude) {
            case ".inf", ".Inf", ".INF" -> text.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
            case ".nan", ".NaN", ".NAN" -> Double.NaN;
            default -> Double.parseDouble(text);
        };
    }

    private static int line(Event event) {
        return event.getStartMark().map(Mark::getLine).orElse(-1) + 1;
    }

    private CheckpointException error(Event event, String problem) {
        return new CheckpointException(origin, event.getStartMark().map(YamlReader::where).orElse(""), problem);
    }

    private static String where(Mark mark) {
        return "line " + (mark.getLine() + 1) + ", column " + (mark.getColumn() + 1);
    }
}
