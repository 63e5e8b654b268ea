package glia.serve.request;

import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/// The declaration of a field of requests: [Fields] reads and refuses by it, and the tables of the documentation are
/// written from it.
///
/// @param name the field's name
/// @param status what the server does with it
/// @param accepts the values that are accepted, in words; a reason where the field is refused
/// @param usual what holds without the field, in words; empty if nothing does
/// @param note what else is to be said, such as whose extension it is; may be empty
/// @param least the smallest number
/// @param most the largest number, or the most strings
/// @param words the strings that are accepted; empty for any
/// @param allowed what is accepted of a field of status [Status#FIXED]
/// @param inner the fields of an object, or of the objects of a list; null for any
public record Field(String name, Status status, String accepts, String usual, String note, double least, double most,
        List<String> words, Predicate<Object> allowed, FieldTable inner) {
    /// What the server does with a field.
    public enum Status {
        /// Has its effect.
        SUPPORTED,
        /// Accepted, and changes nothing.
        WITHOUT_EFFECT,
        /// Accepted with the values that say what the server does anyway.
        FIXED,
        /// Not accepted.
        REFUSED
    }

    private static Field of(String name, Status status, String accepts) {
        return new Field(name, status, accepts, "", "", 0, 0, List.of(), _ -> true, null);
    }

    private Field within(double from, double to) {
        return new Field(name, status, accepts, usual, note, from, to, words, allowed, inner);
    }

    /// A string.
    public static Field text(String name) {
        return of(name, Status.SUPPORTED, "string");
    }

    /// True or false.
    public static Field flag(String name, boolean usual) {
        return of(name, Status.SUPPORTED, "boolean").within(0, usual ? 1 : 0).usual(usual ? "`true`" : "`false`");
    }

    /// A whole number.
    public static Field integer(String name, int least, int most) {
        return whole(name, least, most);
    }

    /// A 64-bit integer.
    public static Field whole(String name, long least, long most) {
        boolean isOpen = most >= Integer.MAX_VALUE;
        String range = isOpen && least == Long.MIN_VALUE ? "" : isOpen ? ", " + least + " or more"
                : ", " + least + " to " + most;
        return of(name, Status.SUPPORTED, "integer" + range).within(least, most);
    }

    /// A number.
    public static Field number(String name, double least, double most) {
        return of(name, Status.SUPPORTED, "number, " + Fields.plain(least) + " to " + Fields.plain(most))
                .within(least, most);
    }

    /// One of several words.
    public static Field word(String name, List<String> words) {
        Field field = of(name, Status.SUPPORTED, quoted(words));
        return new Field(name, field.status, field.accepts, "", "", 0, 0, List.copyOf(words), field.allowed, null);
    }

    private static String quoted(List<String> words) {
        return words.stream().map(word -> "`" + word + "`").collect(Collectors.joining(", "));
    }

    /// A string, or a list of strings.
    public static Field texts(String name, int most) {
        return of(name, Status.SUPPORTED, "string, or up to " + most + " strings").within(0, most);
    }

    /// Any value that is read by code of its own.
    ///
    /// @param accepts the values in words
    public static Field value(String name, String accepts) {
        return of(name, Status.SUPPORTED, accepts);
    }

    /// An object with given fields.
    public static Field object(String name, FieldTable inner) {
        return new Field(name, Status.SUPPORTED, "object", "", "", 0, 0, List.of(), _ -> true, inner);
    }

    /// A list of objects with given fields.
    public static Field objects(String name, FieldTable inner) {
        return new Field(name, Status.SUPPORTED, "list of objects", "", "", 0, 0, List.of(), _ -> true, inner);
    }

    /// A field that changes nothing.
    ///
    /// @param why in words
    public static Field unused(String name, String why) {
        return of(name, Status.WITHOUT_EFFECT, "").note(why);
    }

    /// A field that may only say what the server does anyway.
    ///
    /// @param accepts the accepted values in words
    public static Field only(String name, String accepts, Predicate<Object> allowed) {
        return new Field(name, Status.FIXED, accepts, "", "", 0, 0, List.of(), allowed, null);
    }

    /// A field of the original API that is not accepted. Fields that are not declared are refused, too.
    ///
    /// @param why the reason, in words
    public static Field refused(String name, String why) {
        return of(name, Status.REFUSED, why);
    }

    /// The value that a text in a form stands for; the text itself if it is none.
    Object ofText(String given) {
        String text = given.strip();
        if (accepts.equals("boolean")) {
            return text.equals("true") ? Boolean.TRUE : text.equals("false") ? Boolean.FALSE : given;
        }
        boolean isWhole = accepts.startsWith("integer");
        if (!isWhole && !accepts.startsWith("number")) {
            return given;
        }
        try {
            return isWhole ? (Object) Long.valueOf(text) : Double.valueOf(text);
        } catch (NumberFormatException e) {
            return given;
        }
    }

    /// With the values that are accepted of a field that changes nothing.
    ///
    /// @param values in words
    public Field accepting(String values, Predicate<Object> test) {
        return new Field(name, status, values, usual, note, least, most, words, test, inner);
    }

    /// With what holds without the field.
    public Field usual(String value) {
        return new Field(name, status, accepts, value, note, least, most, words, allowed, inner);
    }

    /// With a note.
    public Field note(String text) {
        return new Field(name, status, accepts, usual, text, least, most, words, allowed, inner);
    }
}
