import './card.css';
import './sidebar.css';
