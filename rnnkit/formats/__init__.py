"""Files of the field to arrays and back: wav, MIDI, notation, pictures, pen points, vectors."""
