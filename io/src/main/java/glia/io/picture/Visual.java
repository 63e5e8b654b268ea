package glia.io.picture;

import java.util.Map;

/// What a part of a message shows: a picture or a film.
public sealed interface Visual permits Picture, Film {
    /// The name in messages.
    String name();

    /// A hash of the content, in hexadecimal digits.
    String hash();

    /// The size, in words.
    String size();

    /// The part of a content that shows it: its `type`, and itself at the key of that name.
    Map<String, Object> part();
}
