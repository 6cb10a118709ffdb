import './card.css';
import './log.css';
import './sidebar.css';
