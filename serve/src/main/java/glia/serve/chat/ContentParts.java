package glia.serve.chat;

import glia.io.picture.Film;
import glia.io.picture.Picture;
import glia.io.picture.PictureException;
import glia.io.sound.Sound;
import glia.io.sound.SoundException;
import glia.io.web.WebFiles;
import glia.serve.request.Fields;
import glia.serve.request.RequestFiles;
import glia.serve.request.ServeException;
import glia.text.template.ChatMessage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/// The content of a message: texts and pictures, in order, in the terms of all APIs.
public final class ContentParts {
    /// The frames that are taken of films.
    private static final Film.Sampling SAMPLING = new Film.Sampling(2, 4, 64);

    private final List<Object> parts = new ArrayList<>();
    private final List<String> texts = new ArrayList<>();

    /// Empty content.
    public ContentParts() { }

    /// Adds a text.
    public void text(String text) {
        texts.add(text);
        if (!text.isEmpty()) {
            parts.add(Map.of("type", "text", "text", text));
        }
    }

    /// Adds a picture.
    ///
    /// @param name of the field, for messages
    /// @param source Base64, a `data:` URL, or an address where the server fetches these
    /// @throws ServeException if it is no picture, or too large
    public void picture(String name, String source) {
        try {
            parts.add((WebFiles.isAddress(source)
                    ? Picture.of(name, RequestFiles.fetched(name, source), Picture.Limits.DEFAULT)
                    : Picture.ofBase64(name, source, Picture.Limits.DEFAULT)).part());
        } catch (PictureException e) {
            throw ServeException.badField(name, e.getMessage().substring(name.length() + 2));
        }
    }

    /// Adds a sound.
    ///
    /// @param name of the field, for messages
    /// @param source Base64, or an address where the server fetches these
    /// @throws ServeException if it is no sound, too large or too long
    public void sound(String name, String source) {
        try {
            parts.add((WebFiles.isAddress(source)
                    ? Sound.of(name, RequestFiles.fetched(name, source), Sound.Limits.DEFAULT)
                    : Sound.ofBase64(name, source, Sound.Limits.DEFAULT)).part());
        } catch (SoundException e) {
            throw ServeException.badField(name, e.getMessage().substring(name.length() + 2));
        }
    }

    /// Adds a film: an animated GIF, or a video where the server has `ffmpeg`.
    ///
    /// @param name of the field, for messages
    /// @param source Base64, a `data:` URL, or an address where the server fetches these
    /// @throws ServeException if it is no film, or too large
    public void film(String name, String source) {
        try {
            byte[] file = WebFiles.isAddress(source) ? RequestFiles.fetched(name, source)
                    : Base64.getMimeDecoder().decode(source.replaceFirst("(?s)^data:[^,]{0,200},", ""));
            parts.add(Film.of(name, file, SAMPLING).part());
        } catch (PictureException e) {
            throw ServeException.badField(name, e.getMessage().substring(name.length() + 2));
        } catch (IOException | IllegalArgumentException e) {
            throw ServeException.badField(name, "is no film in Base64: " + e.getMessage());
        }
    }

    /// Adds the parts of another content.
    public void add(ContentParts other) {
        parts.addAll(other.parts);
        texts.addAll(other.texts);
    }

    /// Whether there are pictures or sounds.
    public boolean hasPictures() {
        return parts.size() > texts.stream().filter(text -> !text.isEmpty()).count();
    }

    /// The texts.
    ///
    /// @param between what separates them
    public String joined(String between) {
        return String.join(between, texts);
    }

    /// A message with this content.
    public ChatMessage of(ChatMessage message) {
        return hasPictures() ? message.withContent(List.copyOf(parts)) : message;
    }

    /// Refuses pictures and sounds where an API has none.
    ///
    /// @throws ServeException if there is one
    public ContentParts requireText(Fields fields, String key, String role) {
        if (hasPictures()) {
            throw ServeException.badField(fields.name(key), "found a picture or sound in a message of the role " + role
                    + ", expected it in one of the user");
        }
        return this;
    }
}
