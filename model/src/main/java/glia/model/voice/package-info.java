/// Text to speech: models whose output is sound.
package glia.model.voice;
